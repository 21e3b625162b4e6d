"""Metrics of self-checks by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rlvr_bench.harness.tasks.procedural.sort import Sort, SortConfig
from rlvr_bench.harness.tasks.self_checks import Checks, check_metrics

BY_TEXT = {"none": Checks(), "one": Checks(1, 1, 0, 0), "three": Checks(3, 0, 1, 2)}
TASK: Any = SimpleNamespace(checks=BY_TEXT.__getitem__)


def test_all_by_hand() -> None:
    """Of five completions three have a check, four checks in all, and a verdict is missing."""
    completions, right = ["none", "one", "three", "none", "one"], [True, True, False, False, None]
    assert check_metrics(TASK, completions, right, prefix="eval") == {
        "eval/check_fraction": 3 / 5,
        "eval/checks_mean": 5 / 5,
        "eval/checks_corrected": 2 / 5,
        "eval/checks_harmed": 1 / 5,
        "eval/checks_unchanged": 2 / 5,
        "eval/right_checked": 1 / 2,
        "eval/right_unchecked": 1 / 2,
    }


def test_what_nobody_has_is_none() -> None:
    never = check_metrics(TASK, ["none", "none"], [True, False], prefix="rollout")
    assert never["rollout/check_fraction"] == 0
    for name in ("checks_corrected", "checks_harmed", "checks_unchanged", "right_checked"):
        assert never[f"rollout/{name}"] is None
    assert never["rollout/right_unchecked"] == 0.5
    always = check_metrics(TASK, ["one"], [True], prefix="rollout")
    assert (always["rollout/right_checked"], always["rollout/right_unchecked"]) == (1.0, None)


def test_a_task_that_counts_none_has_no_metrics_and_one_without_long_prompts_has_those_of_the_whole() -> None:
    assert check_metrics(Sort(SortConfig()), ["one"], [True], prefix="eval") == {}
    fitted: Any = SimpleNamespace(whole=TASK)
    assert check_metrics(fitted, ["one"], [True], prefix="eval")["eval/checks_mean"] == pytest.approx(1)
