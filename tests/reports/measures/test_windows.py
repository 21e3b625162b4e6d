"""Quarters of what was recorded, by hand."""

from __future__ import annotations

from rlvr_bench.reports.measures.windows import last_recorded_quarter, recorded_quarters, training_series
from tests.reports.measures.series import run


def test_quarters_round_down() -> None:
    # 9 values: quarters of 2
    assert recorded_quarters([(i, float(i)) for i in range(9)]) == (0.5, 7.5)
    assert recorded_quarters([(i, 1.0) for i in range(3)]) is None


def test_step_0_is_no_training() -> None:
    one = run(rollout__reward=[9.0, 1.0, 2.0, 3.0, 4.0])
    assert training_series(one, "rollout/reward") == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)]
    assert last_recorded_quarter(one, "rollout/reward") == 4.0


def test_the_quarter_is_of_what_was_recorded_not_of_the_plan() -> None:
    one = run(rollout__reward=[None, 1.0, None, 2.0, None, 3.0, None, 4.0, None, None, None])
    assert last_recorded_quarter(one, "rollout/reward") == 4.0
