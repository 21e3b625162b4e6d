"""Each measure by hand, in its window of planned steps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.harness.records import Measure, PartInfo
from rlvr_bench.reports.claims.primary.measures import described, paired_values, value_of
from rlvr_bench.reports.load import Cell
from tests.reports.claims.primary.hypothesis import SAME
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.measures.series import run
from tests.reports.often import often
from tests.reports.synthetic import CELLS

RUN = run(
    eval__pass1=[0.1, None, 0.3, None, 0.5, None, 0.7],
    eval__greedy=[0.2, None, 0.4, None, 0.6, None, 0.8],
    eval__check_fraction=[0.3, None, 0.4, None, 0.5, None, 0.6],
    eval__length_mean=[20.0, None, 21.0, None, 22.0, None, 24.0],
    eval__length_wrong_mean=[30.0, None, 31.0, None, None, None, 33.0],
    cost__seconds=[None, 9.0, 1.0, 2.0, 3.0, 8.0, 4.0],
    **{
        "cost/memory/device_peak/rollout": [None, 99.0, 1.0, 5.0, 2.0, 3.0, 4.0],
        "cost/memory/device_peak/score": [None, 1.0, 1.0, 1.0, 7.0, 1.0, 1.0],
        "cost/memory/device_peak/evaluate": [500.0] * 7,
        "cost/communication/sent": [None, 90.0, 10.0, 10.0, 12.0, 12.0, 15.0],
    },
)
CELL = Cell(PartInfo("p", "learning", "P", (0,)), "c", "C", (RUN,))


def value(measure: Measure, window: int) -> float | None:
    return value_of(RUN, replace(SAME, measure=measure, window=window))


def test_values_are_of_the_last_planned_steps() -> None:
    close(value("pass@1", 3) or 0.0, 0.6)  # steps 4 to 6
    close(value("greedy", 3) or 0.0, 0.7)
    assert value("pass@1", 1) == 0.7
    close(value("check_share", 3) or 0.0, 0.55)
    assert value("length", 3) == 23.0
    assert value("wrong_length", 3) == 33.0  # no completion was wrong in step 4
    assert value("step_seconds", 3) == 4.0  # the median of 3, 8 and 4
    assert value("step_seconds", 6) == 3.5
    assert value("peak_bytes", 3) == 7.0
    assert value("peak_bytes", 2) == 4.0  # evaluation is left out
    assert value("comm_bytes", 3) == 13.0  # the mean of 12, 12 and 15
    assert value("state_bytes", 1) is None


def test_a_run_that_ended_early_has_no_value_unless_it_diverged() -> None:
    short = replace(RUN, config={"train": {"steps": 9}})
    for measure in ("pass@1", "step_seconds", "peak_bytes", "length"):
        assert value_of(short, replace(SAME, measure=measure, window=4)) is None
    assert value_of(replace(short, state="diverged"), replace(SAME, window=4)) == 0.7
    broken = replace(short, state="diverged", metrics=short.metrics[:-1])
    assert value_of(broken, replace(SAME, window=4)) == 0.0


def test_pairs_and_words(tmp_path: Path) -> None:
    ppo, grpo = cells_of(tmp_path, *CELLS[1:], seeds=2, steps=8)
    states = paired_values(grpo, ppo, replace(SAME, measure="state_bytes"))
    assert (states.a[0], states.b[0]) == (20_000_000, 36_000_000)
    assert described(SAME, ppo) == "Mean pass@1 of the evaluations in steps 5 to 8."
    assert described(replace(SAME, measure="step_seconds", window=1), ppo) == "Median seconds of a step in step 8."
    assert "pass@1 of .7 or more" in described(replace(SAME, measure="target_flops"), ppo)


def test_many_samples_are_of_the_last_policy() -> None:
    asked = replace(RUN, many=(often([0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]),))
    assert value_of(asked, replace(SAME, measure="pass@8")) == 0.4
    assert value_of(asked, replace(SAME, measure="pass@64")) is None
    assert value_of(RUN, replace(SAME, measure="pass@8")) is None
    assert "pass@8 of the policy after the last step" in described(replace(SAME, measure="pass@8"), CELL)
