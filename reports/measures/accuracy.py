"""The score of a run is computed here, from its evaluations on held-out items."""

from __future__ import annotations

from statistics import fmean

from rlvr_bench.reports.load import Run
from rlvr_bench.reports.measures.windows import training_series

PASS = "eval/pass@1"
LAST_K = 3  # evaluations whose mean is the final score
FINAL_SCORE = f"mean of the last {LAST_K} evaluations"


def final_score(run: Run, metric: str = PASS) -> float | None:
    """Mean of the last LAST_K evaluations after training began.

    A run that diverged after its last evaluation has no model that could be used: it scores 0, not the value
    from before it broke.
    """
    values = training_series(run, metric)
    if run.state == "diverged" and run.metrics and (not values or values[-1][0] < run.metrics[-1]["step"]):
        return 0.0
    return fmean(v for _, v in values[-LAST_K:]) if values else None


def gain(run: Run) -> float | None:
    """Final pass@1 less that of the base model, evaluated at step 0."""
    start = dict(run.series(PASS)).get(0)
    final = final_score(run)
    return None if start is None or final is None else final - start
