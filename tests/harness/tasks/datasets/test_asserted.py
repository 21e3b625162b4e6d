"""Targets from asserts: call cases where possible, else a script."""

from __future__ import annotations

import pytest

from rlvr_bench.harness.tasks.datasets.asserted import entry_of, target_of


def test_calls_become_cases_and_anything_else_a_script() -> None:
    assert target_of("assert f(1) == 2", "f", "x = 1")["cases"] == [{"args": [1], "kwargs": {}, "want": 2}]
    script = {"type": "script", "script": "x = 1"}
    assert target_of("assert abs(f(1)) < 2", "f", "x = 1") == script
    assert target_of("assert f(1) == 2", None, "x = 1") == script
    assert target_of("assert f(1) == {1: 2, 'a': 3}", "f", "x = 1") == script  # keys of mixed types cannot be recorded
    assert target_of("assert f(1) == {1}", "f", "x = 1") == script


def test_tests_that_are_not_python_are_refused() -> None:
    with pytest.raises(ValueError, match="the tests are not Python"):
        target_of("assert f(1) == 2", "f", "assert (")


@pytest.mark.parametrize(
    ("tests", "entry"),
    [
        ("assert f(1) == 2", "f"),
        ("assert set(f(1)) == set([1])", "f"),
        ("assert abs(g(f(1))) < 2", "g"),
        ("assert m.f(1)", None),
        ("x = 1", None),
        ("(", None),
    ],
)
def test_the_entry_is_the_first_call_that_is_no_builtin(tests: str, entry: str | None) -> None:
    assert entry == entry_of(tests)
