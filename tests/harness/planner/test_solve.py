from __future__ import annotations

from dataclasses import replace

import pytest

from rlvr_bench.harness.planner.plan import Case
from rlvr_bench.harness.planner.solve import (
    fits,
    largest_micro_batch,
    largest_model,
    renamed,
    smaller_micro_batch,
    smallest_change,
    with_settings,
)
from tests.harness.planner.configs import case_of

ROLLOUT = {"prompts": 8, "group_size": 4, "max_tokens": 40, "min_tokens": 0}


def at_once(case: Case, rows: int) -> Case:
    return with_settings(case, "train", micro_tokens=rows * case.row_tokens)


@pytest.fixture
def case() -> Case:
    return case_of("tiny:128x3", "grpo", rollout=ROLLOUT)


@pytest.mark.parametrize("rows", [1, 3, 11])
def test_the_largest_micro_batch_fits_and_the_next_does_not(case: Case, rows: int) -> None:
    limit = at_once(case, rows).plan().peak.total
    found = largest_micro_batch(case, limit)
    assert found is not None
    at_most = found.config.train.micro_tokens // case.row_tokens
    assert at_most >= rows and fits(found, limit)
    assert at_most == case.rows or not fits(at_once(case, at_most + 1), limit)


def test_no_micro_batch_fits_below_the_states(case: Case) -> None:
    assert largest_micro_batch(case, case.floor()) is None
    assert smaller_micro_batch(case, case.floor()) is None


def test_the_whole_step_may_fit(case: Case) -> None:
    found = largest_micro_batch(case, 10**12)
    assert found is not None and found.config.train.micro_tokens == case.rows * case.row_tokens


def test_the_largest_model_fits_and_the_next_does_not() -> None:
    case = case_of("arch:smollm2-135m", "grpo", rollout=ROLLOUT, train={"micro_tokens": 56})
    limit = renamed(case, "smollm2-360m").plan().peak.total
    assert largest_model(case, limit) == "smollm2-360m"
    assert largest_model(case, limit - 1) == "smollm2-135m"
    assert largest_model(case, 10**6) is None


def test_a_smaller_micro_batch_is_the_smallest_change(case: Case) -> None:
    limit = at_once(case, 9).plan().peak.total
    change = smallest_change(at_once(case, 32), limit)
    assert change is not None
    assert change.settings == (f"--micro-tokens {8 * case.row_tokens}",)
    assert fits(change.case, limit) and not fits(at_once(case, 16), limit)


def test_what_needs_no_change_has_none(case: Case) -> None:
    change = smallest_change(case, 10**12)
    assert change is not None and change.settings == ()


def test_devices_come_last(case: Case) -> None:
    least = at_once(case, 1)
    everything = with_settings(least, "model", offload_frozen=True, gradient_checkpointing=True, dtype="bfloat16")
    limit = everything.floor() - 1
    change = smallest_change(least, limit)
    assert change is not None
    assert change.settings[:3] == ("--offload-frozen", "--checkpointing", "--dtype bfloat16")
    assert change.settings[3].startswith("--devices ")
    assert change.case.how.stage == 3


def test_no_change_helps_where_nothing_is_left(case: Case) -> None:
    assert smallest_change(replace(case), 1000) is None
