"""The forms of `stats.distances.scaling` are fitted here to each run and to each reward model's best of n.

Only runs that recorded the KL over the vocabulary are: the noise of an estimate of the distance would bias the fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from rlvr_bench.reports.cells.reward_setting import MODELED, by_reward_setting, reward_setting
from rlvr_bench.reports.load import Cell, Run, remembered
from rlvr_bench.reports.measures.accuracy import start
from rlvr_bench.reports.measures.overoptimization import EXACT_KL, TRUE, path
from rlvr_bench.reports.measures.proxies.best_of import Points, best_of, best_of_runs
from rlvr_bench.reports.stats import (
    Estimate,
    Extrapolation,
    Fit,
    Form,
    extrapolate_gains,
    fit_gains,
    rng,
    t_interval,
)


@dataclass(frozen=True)
class Fitted:
    """One curve with its fit over all distances, and that over the first half with its errors beyond."""

    run: Run
    whole: Fit | None
    half: Extrapolation | None


@dataclass(frozen=True)
class FittedCell:
    """The curves of one cell, or of the best of n under one reward; each is one reward model's."""

    label: str
    form: Form
    curves: tuple[Fitted, ...]

    def over_models(self, measure: Callable[[Fitted], float | None]) -> Estimate | None:
        """The mean over reward models, one value each, with Student's interval; None without a value."""
        values = [v for one in self.curves if (v := measure(one)) is not None and abs(v) < inf]
        return t_interval(values) if values else None


def gains(run: Run) -> Points:
    """(distance, true reward less that of the base model) over the steps of training; empty without the exact KL.

    The base model's is its held-out pass@1 before training, of many more completions than one step has; without that
    evaluation, the first step's.
    """
    points = path(run, TRUE) if run.series(EXACT_KL) else []
    first = start(run)
    level = first if first is not None else points[0][1] if points else 0.0
    return [(d, true - level) for d, true in points]


def best_of_gains(run: Run) -> Points:
    """The same for the best of n: less that of n = 1."""
    points = best_of(run)
    return [(d, true - points[0][1]) for d, true in points]


@remembered
def fitted_run(run: Run) -> Fitted:
    """Of one training run."""
    return Fitted(run, fit_gains("trained", gains(run), rng()), extrapolate_gains("trained", gains(run), rng()))


@remembered
def fitted_best_of(run: Run) -> Fitted:
    """Of the best of n under the run's reward model."""
    curve = best_of_gains(run)
    return Fitted(run, fit_gains("best of n", curve, rng()), extrapolate_gains("best of n", curve, rng()))


def fitted_cells(cells: Sequence[Cell]) -> tuple[FittedCell, ...]:
    """Every cell that was trained on a reward model, then the best of n under each reward; those without a fit not."""
    learned = [c for c in cells if reward_setting(c).source in MODELED]
    found = [FittedCell(c.label, "trained", tuple(map(fitted_run, c.finished))) for c in learned]
    found += [
        FittedCell(f"best of n, {setting.title}", "best of n", tuple(map(fitted_best_of, best_of_runs(members))))
        for setting, members in by_reward_setting(learned).items()
    ]
    return tuple(cell for cell in found if any(one.whole for one in cell.curves))
