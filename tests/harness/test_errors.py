"""Errors that the user can correct."""

from __future__ import annotations

from rlvr_bench.harness.errors import ConfigError, UserError


def test_a_configuration_error_has_a_line_for_each_problem() -> None:
    error = ConfigError(["a: wrong", "b: missing"])
    assert isinstance(error, UserError)
    assert error.problems == ("a: wrong", "b: missing")
    assert str(error).splitlines() == ["a: wrong", "b: missing"]
