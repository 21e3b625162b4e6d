"""Malformed targets are refused; scripts are marked as weak."""

from __future__ import annotations

from typing import Any

import pytest

from rlvr_bench.rewards.code.targets import check_target, integrity


def returns(want: Any) -> dict[str, Any]:
    return {"type": "call", "entry": "f", "cases": [{"args": [], "want": want}]}


MALFORMED = [
    None, "x", {}, {"type": "call"}, {"type": "call", "entry": "f", "cases": []}, {"type": "other"},
    {"type": "call", "entry": "f", "cases": [{"args": [1]}]}, {"type": "call", "entry": 3, "cases": [{}]},
    {"type": "stdio", "cases": [{"stdin": ""}]}, {"type": "script"}, returns(float("nan")), returns(object()),
]  # fmt: skip


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
    script = {"type": "script", "script": "assert f()"}
    for target in (returns([1]), returns({"a": (1, {2})}), stdio, script):
        check_target(target)
    assert [integrity(target) for target in (returns(1), stdio, script)] == ["strong", "strong", "weak"]
