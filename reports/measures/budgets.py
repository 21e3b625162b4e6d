"""What a run had spent at each of its evaluations is computed here: the x axes of "equal samples", FLOPs and seconds.

Three views of the same runs, and time to a target as the fourth; none of them is "the" budget.  Samples are completions
that were sampled in training, FLOPs those of models (cost/flops), seconds those of the steps: evaluation, checkpoints,
the warm start and the training of a reward model are in none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan

from rlvr_bench.reports.load import Cell, Run, remembered
from rlvr_bench.reports.measures.accuracy import GREEDY, PASS
from rlvr_bench.reports.stats import Arrival, time_to_reach

BUDGETS = ("samples", "flops", "seconds")
METRIC_OF = {"samples": "cost/samples", "flops": "cost/flops", "seconds": "cost/seconds"}
TARGETS = (0.5, 0.7, 0.9)  # pass@1 of the reference convergence points, the same for every task and suite
TARGET = 0.7  # of hypotheses about time to a target


@remembered
def spent(run: Run, budget: str) -> list[tuple[float, float, float]]:
    """(spent up to this evaluation, pass@1, greedy) of each evaluation, by step; NaN without a greedy accuracy.

    Step 0, before training, is at 0.  Empty where a step did not record what it spent: the sum would be too small.

    Raises:
        KeyError: not one of BUDGETS.
    """
    metric, total, points = METRIC_OF[budget], 0.0, []
    for row in run.metrics:
        if row["step"] > 0:
            cost = row.get(metric)
            if cost is None or not isfinite(cost):
                return []
            total += float(cost)
        if row.get(PASS) is not None:
            greedy = row.get(GREEDY)
            points.append((total, float(row[PASS]), nan if greedy is None else float(greedy)))
    return points


def total_spent(run: Run, budget: str) -> float | None:
    """Up to the last evaluation; None where it is not known."""
    points = spent(run, budget)
    return points[-1][0] if points else None


def accuracy_at(run: Run, budget: str, amount: float) -> float | None:
    """pass@1 when so much was spent, between two evaluations on the line through both.

    None where the run was not evaluated that far.  A run that diverged has no model beyond its last step: 0.
    """
    points = spent(run, budget)
    if not points:
        return None
    last = points[-1][0]
    if amount > last * (1 + 1e-12):
        return 0.0 if run.state == "diverged" else None
    before = points[0]
    for point in points:
        if point[0] >= amount:
            width = point[0] - before[0]
            share = (amount - before[0]) / width if width else 1.0
            return before[1] + share * (point[1] - before[1])
        before = point
    return points[-1][1]


def arrival(run: Run, budget: str, target: float, *, watched: float = 0.0) -> Arrival | None:
    """When pass@1 was first seen at or above the target; None where the run has no curve over this budget.

    Args:
        watched: how long the longest of the compared runs was; one that diverged can never arrive, so it counts as
            watched as long, and does not drop out early.
    """
    points = spent(run, budget)
    if not points:
        return None
    found = time_to_reach([(x, y) for x, y, _ in points], target)
    return Arrival(max(found.time, watched), False) if not found.reached and run.state == "diverged" else found


def arrivals_of(cells: Sequence[Cell], budget: str, target: float) -> tuple[dict[int, Arrival], ...]:
    """When each finished run of each cell reached the target, by seed; all are watched as long as the longest."""
    totals = [v for c in cells for r in c.finished if (v := total_spent(r, budget)) is not None]
    watched = max(totals, default=0.0)
    return tuple(
        {r.seed: found for r in cell.finished if (found := arrival(r, budget, target, watched=watched))}
        for cell in cells
    )
