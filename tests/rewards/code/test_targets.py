"""Malformed targets are refused; scripts are marked as weak."""

from __future__ import annotations

from typing import Any

import pytest

from rlvr_bench.rewards.code.targets import check_target, integrity
from rlvr_bench.rewards.code.verifier import CodeVerifier


def returns(want: Any) -> dict[str, Any]:
    return {"type": "call", "entry": "f", "cases": [{"args": [], "want": want}]}


MALFORMED = [
    None, "x", {}, {"type": "call"}, {"type": "call", "entry": "f", "cases": []}, {"type": "other"},
    {"type": "call", "entry": "f", "cases": [{"args": [1]}]}, {"type": "call", "entry": 3, "cases": [{}]},
    {"type": "stdio", "cases": [{"stdin": ""}]}, {"type": "script"}, returns(float("nan")), returns(object()),
]  # fmt: skip


def called(**case: Any) -> dict[str, Any]:
    return {"type": "call", "entry": "f", "cases": [{"args": [], "want": 1, **case}]}


def script(text: Any) -> dict[str, Any]:
    return {"type": "script", "script": text}


# What a data set may well contain by mistake, and a word of the error that must name it.
BAD = [
    ({"type": []}, "type"), ({"type": {}}, "type"), ({"type": None}, "type"), ({"type": ["call"]}, "type"),
    ({"type": "Call"}, "type"), ([], "object"), (["call"], "object"), (True, "object"), (1e400, "object"),
    (called(kwargs=[1]), "kwargs"), (called(kwargs=[["a", 1]]), "kwargs"), (called(kwargs=None), "kwargs"),
    (called(kwargs="ab"), "kwargs"), (called(kwargs={1: 2}), "kwargs"), (called(kwargs=[]), "kwargs"),
    (called(args=None), "args"), (called(args={"a": 1}), "args"), (called(args="ab"), "args"), (called(args=1), "args"),
    (called(equality=[]), "equality"), (called(equality={}), "equality"), (called(args=[float("nan")]), "NaN"),
    (called() | {"entry": []}, "entry"), (called() | {"entry": ""}, "entry"), (called() | {"entry": "f(1)"}, "entry"),
    (called() | {"entry": "a.b"}, "entry"), (called() | {"cases": {"args": [], "want": 1}}, "cases"),
    (called() | {"cases": "x"}, "cases"), (called() | {"cases": [[]]}, "cases"), (called() | {"cases": None}, "cases"),
    ({"type": "stdio", "cases": [{"stdin": [], "stdout": ""}]}, "stdin"),
    ({"type": "stdio", "cases": [{"stdin": "", "stdout": 3}]}, "stdout"),
    ({"type": "stdio", "cases": [{"stdin": "", "stdout": "1"}, {"stdin": ""}]}, "stdout"),
    (script("assert ("), "not Python"), (script("def f(:"), "not Python"), (script("x = '\0'"), "not Python"),
    (script("return 1"), "not Python"), (script("assert f() == 1\n  x = 2"), "not Python"), (script(["x"]), "text"),
    (script("(" * 1000), "not Python"), (script("nonlocal x"), "not Python"), (script("'\ud800'"), "not Python"),
]  # fmt: skip


@pytest.mark.parametrize(("target", "named"), BAD, ids=repr)
def test_a_mistake_is_refused_when_it_is_read_and_named(target: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        check_target(target)
    (reason,) = CodeVerifier.check_targets([target]).values()
    assert named in reason


@pytest.mark.parametrize("text", ["", "# nothing", "assert f('\\d') is 1", "from __future__ import annotations"])
def test_a_script_that_is_odd_python_is_accepted(text: str) -> None:
    check_target(script(text))


@pytest.mark.parametrize("target", MALFORMED)
def test_a_malformed_target_is_refused(target: Any) -> None:
    with pytest.raises(ValueError, match=r"target|case"):
        check_target(target)


@pytest.mark.parametrize(
    "bad", [{"equality": "loose"}, {"equality": None}, {"cases": [{"args": [], "want": 1, "equality": "=="}]}]
)
def test_an_unknown_equality_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="equality"):
        check_target(returns(1) | bad)


def test_each_type_has_a_good_target() -> None:
    stdio = {"type": "stdio", "cases": [{"stdin": "", "stdout": "1"}]}
    for target in (returns([1]), returns({"a": (1, {2})}), called(kwargs={"a": 1}), stdio, script("assert f()")):
        check_target(target)
    assert [integrity(target) for target in (returns(1), stdio, script("assert f()"))] == ["strong", "strong", "weak"]
