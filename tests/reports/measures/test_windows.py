"""Windows by planned steps, by hand."""

from __future__ import annotations

from dataclasses import replace

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures import windows
from tests.reports.measures.series import run

# Steps 0 to 9 with the step as the value.
NINE = run(rollout__reward=[float(i) for i in range(10)])


def cell(*runs: windows.Run) -> Cell:
    return Cell(
        PartInfo("p", "learning", "t", (0,)), "c", "mine", tuple(replace(r, seed=i) for i, r in enumerate(runs))
    )


def test_quarters_are_of_the_plan_and_round_down() -> None:
    assert windows.quarters(NINE) == ((1, 2), (8, 9))
    assert windows.quarter_means(NINE, windows.training_series(NINE, "rollout/reward")) == (1.5, 8.5)
    assert windows.quarters(run(rollout__reward=[0.0] * 4)) is None


def test_step_0_is_no_training() -> None:
    assert windows.training_series(NINE, "rollout/reward")[0] == (1, 1.0)


def test_a_run_that_ended_early_has_no_last_quarter() -> None:
    short = replace(NINE, config={"train": {"steps": 12}})  # its last quarter is steps 10 to 12
    assert windows.last_quarter(NINE, "rollout/reward") == 8.5
    assert windows.last_quarter(short, "rollout/reward") is None
    longer = replace(NINE, config={"train": {"steps": 10}})  # steps 9 and 10, of which it recorded one
    assert windows.last_quarter(longer, "rollout/reward") is None
    assert windows.short_runs([cell(NINE, short)]) == (
        "Ended before its last quarter, which it therefore does not have: mine seed 1."
    )
    assert windows.short_runs([cell(NINE)]) == ""


def test_values_that_were_not_recorded_in_a_window_do_not_move_it() -> None:
    sparse = run(rollout__reward=[None, 1.0, 2.0, 3.0, None, None, None, 7.0, None])
    # steps 7 and 8 of 8 are the last quarter, whatever lies outside
    assert windows.last_quarter(sparse, "rollout/reward") == 7.0
    assert windows.last_quarter(run(rollout__reward=[1.0, 1.0, 1.0, None, None]), "rollout/reward") is None


def test_without_a_plan_there_is_no_window() -> None:
    bare = replace(NINE, config={})
    assert windows.quarters(bare) is windows.last_steps(bare, 2) is windows.last_quarter(bare, "rollout/reward") is None


def test_labels_say_steps() -> None:
    sixty = replace(NINE, config={"train": {"steps": 60}})
    assert windows.quarters_in_words([cell(sixty)]) == ("steps 1 to 15", "steps 46 to 60")
    assert windows.quarters_in_words([cell(sixty, NINE)])[1] == windows.LAST_QUARTER
    assert windows.last_steps(sixty, 6) == (55, 60)
    assert windows.in_words((7, 7)) == "step 7"
