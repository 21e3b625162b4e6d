"""Windows of a run are fixed here by its planned steps (train.steps), never by what happens to be recorded.

A run that ended before a window did has no value in it, however much of the window it recorded: the mean of the first
half of a window is not what the others are compared by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

from rlvr_bench.reports.load import Cell, Run

Series = list[tuple[int, float]]  # (step, value)
Window = tuple[int, int]  # first and last step, both in it
QUARTERS = 4
LAST_QUARTER = "last quarter of the planned steps"


def training_series(run: Run, metric: str) -> Series:
    """The steps of training; step 0 is only evaluated."""
    return [(s, v) for s, v in run.series(metric) if s > 0]


def planned_steps(run: Run) -> int | None:
    """As configured; None without a configuration."""
    train = run.config.get("train")
    steps = train.get("steps") if isinstance(train, Mapping) else None
    return int(steps) if isinstance(steps, int) and steps > 0 else None


def last_steps(run: Run, count: int) -> Window | None:
    """The last so many planned steps."""
    planned = planned_steps(run)
    return None if planned is None else (max(1, planned - count + 1), planned)


def quarters(run: Run) -> tuple[Window, Window] | None:
    """The first and the last quarter of the planned steps, rounded down; None below one step a quarter."""
    planned = planned_steps(run)
    if planned is None or planned < QUARTERS:
        return None
    quarter = planned // QUARTERS
    return (1, quarter), (planned - quarter + 1, planned)


def ended_before(run: Run, window: Window) -> bool:
    """Whether training stopped before the window's last step."""
    return not run.metrics or run.metrics[-1]["step"] < window[1]


def mean_in(run: Run, values: Series, window: Window | None) -> float | None:
    """Mean of the recorded values of the window; None where the run ended before it did, or recorded none in it."""
    if window is None or ended_before(run, window):
        return None
    inside = [v for step, v in values if window[0] <= step <= window[1]]
    return fmean(inside) if inside else None


def quarter_means(run: Run, values: Series) -> tuple[float, float] | None:
    """Means over the first and over the last quarter; None unless both are known."""
    both = quarters(run)
    if both is None:
        return None
    first, last = (mean_in(run, values, window) for window in both)
    return None if first is None or last is None else (first, last)


def last_quarter(run: Run, metric: str) -> float | None:
    """Mean of a metric over the last quarter of the planned steps."""
    both = quarters(run)
    return mean_in(run, training_series(run, metric), both[1]) if both else None


def in_words(window: Window) -> str:
    """`steps 46 to 60`."""
    return f"step {window[0]}" if window[0] == window[1] else f"steps {window[0]} to {window[1]}"


def quarters_in_words(cells: Iterable[Cell]) -> tuple[str, str]:
    """Both quarters by their steps, where all runs planned as many; else that they are quarters of the plan."""
    found = {q for cell in cells for run in cell.runs if (q := quarters(run))}
    if len(found) == 1:
        first, last = found.pop()
        return in_words(first), in_words(last)
    return "first quarter of the planned steps", LAST_QUARTER


def short_runs(cells: Sequence[Cell]) -> str:
    """Which finished runs have no last quarter, as a sentence; empty where all have one."""
    runs = [(cell, run) for cell in cells for run in cell.finished if (q := quarters(run)) and ended_before(run, q[1])]
    named = ", ".join(f"{cell.label} seed {run.seed}" for cell, run in runs)
    return f"Ended before its last quarter, which it therefore does not have: {named}." if named else ""
