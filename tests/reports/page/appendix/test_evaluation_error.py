"""Errors from the choice of items, from counts where there are any and from the binomial where not."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from pathlib import Path

from rlvr_bench.harness.records import EvaluationCounts
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.page.appendix.evaluation_error import error_table, greedy_error, item_error, pass_error
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS, LEARNING

# Shares right 0, .5, 1 and .5: mean .5, SD sqrt(.5 / 3), over sqrt(4) items.
COUNTS = EvaluationCounts(8, "test", 2, 1.0, right=(0, 1, 2, 1, None), greedy=(0, 1, 1, 0, 0))
PASS_ERROR = sqrt(0.5 / 3) / 2


def counted(*counts: EvaluationCounts) -> Run:
    rows = tuple({"step": c.step, "eval/pass@1": 0.5, "eval/greedy": 0.4} for c in counts)
    return Run("p", "c", 0, "completed", "", None, {"train": {"steps": 8}}, "", {}, rows, (), counts)


def test_from_counts_of_the_last_evaluation() -> None:
    run = counted(replace(COUNTS, step=0, right=(2, 2, 2, 2, 2)), COUNTS)
    close([pass_error(run) or 0, greedy_error(run) or 0], [PASS_ERROR, sqrt(1.2 / 4) / sqrt(5)])
    assert item_error((1,), 2) is None


def test_the_table_is_in_points(tmp_path: Path) -> None:
    runs = (counted(COUNTS), replace(counted(COUNTS), seed=1, metrics=({"step": 8, "eval/pass@1": 0.6},)))
    row = error_table(LEARNING, [Cell(LEARNING, "c", "label", runs)]).rows[0]
    assert row == ("label", "5", "2", "20.41", "24.49", "7.07")  # SD of .5 and .6 is .0707


def test_the_binomial_where_no_counts_were_recorded(tmp_path: Path) -> None:
    row = error_table(LEARNING, cells_of(tmp_path, CELLS[2], seeds=2, steps=40)).rows[0]
    # 256 items: sqrt(.91 x .09 / 256) = 1.79 and sqrt(.92 x .08 / 256) = 1.70 points
    assert row[:4] == ("GRPO, verifier", "256", "—", "1.74")


def test_cells_that_were_not_evaluated_are_left_out(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, replace(CELLS[2], status={0: "missing"}))
    assert error_table(LEARNING, cells).rows == ()
