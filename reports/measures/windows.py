"""The first and the last quarter of a series are averaged here.

They are quarters of the steps that recorded the value, not of the planned steps: where a run recorded it at every
step, as training values are, that is the same, and where it ended early it is the quarter of what there is.
"""

from __future__ import annotations

from statistics import fmean

from rlvr_bench.reports.load import Run

Series = list[tuple[int, float]]  # (step, value)
QUARTERS = 4
LAST_QUARTER = "last quarter of the recorded steps"


def training_series(run: Run, metric: str) -> Series:
    """The steps of training; step 0 is only evaluated."""
    return [(s, v) for s, v in run.series(metric) if s > 0]


def recorded_quarters(values: Series) -> tuple[float, float] | None:
    """Means of the first and of the last quarter of what was recorded; None below one value a quarter."""
    if len(values) < QUARTERS:
        return None
    quarter = len(values) // QUARTERS
    return fmean(v for _, v in values[:quarter]), fmean(v for _, v in values[-quarter:])


def last_recorded_quarter(run: Run, metric: str) -> float | None:
    """Mean over the last quarter of the training steps that recorded the metric."""
    ends = recorded_quarters(training_series(run, metric))
    return ends[1] if ends else None
