"""The score of a run is computed here, from its evaluations on held-out items.

Which evaluations count is fixed by step.  A run that diverged has no model that could be used: unless it was evaluated
after it broke, it scores 0, not the value from before.
"""

from __future__ import annotations

from math import ceil
from statistics import fmean

from rlvr_bench.harness.records import EvaluationCounts
from rlvr_bench.reports.load import Run, remembered
from rlvr_bench.reports.measures.windows import Window, last_steps, planned_steps, training_series

PASS = "eval/pass@1"
GREEDY = "eval/greedy"
FINAL_SHARE = 0.1  # of the planned steps, at their end, in which evaluations count for the final score
FINAL_SCORE = "mean of the evaluations in the last tenth of the planned steps, of the last one where none lies there"


@remembered
def final_score(run: Run, metric: str = PASS) -> float | None:
    """Mean of the evaluations in the last FINAL_SHARE of the planned steps, or else the last one after training began.

    None where the run was never evaluated in training, or ended before it was planned to without diverging.
    """
    planned = planned_steps(run)
    if planned is None:
        return None
    found = score_in(run, last_steps(run, ceil(FINAL_SHARE * planned)), metric)
    values = training_series(run, metric)
    return values[-1][1] if found is None and values and _whole(run, planned) else found


def score_in(run: Run, window: Window | None, metric: str = PASS) -> float | None:
    """Mean of the evaluations in a window of steps; of a run that diverged, what its last model scores."""
    values = training_series(run, metric)
    if run.state == "diverged":
        broke = run.metrics[-1]["step"] if run.metrics else 0
        return values[-1][1] if values and values[-1][0] >= broke else 0.0
    if window is None or not _whole(run, window[1]):
        return None
    inside = [v for step, v in values if window[0] <= step <= window[1]]
    return fmean(inside) if inside else None


@remembered
def evaluation_variance(run: Run) -> float | None:
    """Variance that sampling the completions alone gives the final score, at the same policy and items.

    Of an item with r of S completions right the variance of its share is estimated without bias by
    r (S - r) / (S^2 (S - 1)); they are added up over the items and divided by the square of their number.  That of a
    mean of evaluations is divided by their number once more.  Which items there are is not in it: all runs have the
    same.  None where counts were not recorded, or an item was sampled once.
    """
    planned = planned_steps(run)
    window = last_steps(run, ceil(FINAL_SHARE * planned)) if planned else None
    inside = [e for e in run.evaluations if window and window[0] <= e.step <= window[1]]
    found = [_sampling_variance(e) for e in inside or run.evaluations[-1:] if e.step > 0]
    known = [v for v in found if v is not None]
    return fmean(known) / len(known) if known and len(known) == len(found) else None


def _sampling_variance(counts: EvaluationCounts) -> float | None:
    s = counts.samples
    right = [r for r in counts.right if r is not None]
    if s < 2 or not right:
        return None
    return sum(r * (s - r) for r in right) / (s * s * (s - 1) * len(right) ** 2)


def _whole(run: Run, last: int) -> bool:
    return bool(run.metrics) and run.metrics[-1]["step"] >= last


def start(run: Run, metric: str = PASS) -> float | None:
    """Of the base model, evaluated at step 0."""
    return dict(run.series(metric)).get(0)


def gain(run: Run) -> float | None:
    """Final pass@1 less that of the base model."""
    first, final = start(run), final_score(run)
    return None if first is None or final is None else final - first


@remembered
def curve(run: Run, metric: str = PASS) -> list[float]:
    """All evaluations from the first on; a diverged run's ends with what its last model scores."""
    values = [v for _, v in run.series(metric)]
    last = final_score(run, metric)
    return values if last is None or run.state != "diverged" else [*values, last]
