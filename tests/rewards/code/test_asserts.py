"""Asserts become call cases where they are calls and literals, and nothing else does."""

from __future__ import annotations

import pytest

from rlvr_bench.rewards.code.asserts import call_target

CHECK = "METADATA = {}\ndef check(candidate):\n    assert candidate([1], k=2) == (3, 4)\n    assert True, 'x'\n"


def test_calls_and_literals_become_cases() -> None:
    target = call_target(CHECK, "f") or {}
    assert target["cases"] == [{"args": [[1]], "kwargs": {"k": 2}, "want": (3, 4)}]
    assert target["equality"] == "python"


def test_identity_compares_the_type_too() -> None:
    case = {"args": [-1], "kwargs": {}, "want": None, "equality": "exact"}
    assert (call_target("assert None is f(-1)", "f") or {})["cases"] == [case]


@pytest.mark.parametrize(
    "tests",
    [
        "assert abs(f(1) - 2) < 1",
        "assert f(x) == 1",
        "assert f(*[1]) == 1",
        "assert f(**{'x': 1}) == 1",
        "assert g(1) == 1",
        "assert f(1) != 1",
        "assert f(1) == f(2)",
        "for i in [1]: assert f(i) == 1",
        "assert f(1)",
        "assert False",
        "",
        "(",
    ],
)
def test_anything_else_is_no_call_target(tests: str) -> None:
    assert call_target(tests, "f") is None
