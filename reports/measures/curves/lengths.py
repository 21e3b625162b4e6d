"""How long completions are, and how many check themselves: the metrics, and what a run began and ended with."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.reports.cells.matching import setting
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.windows import last_steps, mean_in, training_series

LENGTH = "eval/length_mean"
RIGHT_LENGTH = "eval/length_correct_mean"
WRONG_LENGTH = "eval/length_wrong_mean"
CHECKED = "eval/check_fraction"
CHECKS = "eval/checks_mean"
CORRECTED = "eval/checks_corrected"
HARMED = "eval/checks_harmed"
UNCHANGED = "eval/checks_unchanged"
RIGHT_CHECKED = "eval/right_checked"
RIGHT_UNCHECKED = "eval/right_unchecked"


def counted(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Those whose task counts self-checks."""
    return tuple(c for c in cells if any(r.series(CHECKED) for r in c.runs))


def kl_of(cell: Cell) -> tuple[float, str]:
    """The weight of a cell's KL to the reference, and whether it is in the `loss` or the `reward`; "" without one."""
    weight = float(setting(cell, "algorithm", "kl_coef") or 0.0)
    return weight, str(setting(cell, "algorithm", "kl_placement") or "loss") if weight else ""


def last(run: Run, metric: str) -> float | None:
    """Of the evaluation after the last planned step; None where there is none."""
    return mean_in(run, training_series(run, metric), last_steps(run, 1))


def first(run: Run, metric: str) -> float | None:
    """Of the base model, evaluated at step 0."""
    return dict(run.series(metric)).get(0)
