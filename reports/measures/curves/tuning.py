"""A random search is described here: its trials, and how good the best of k of them is on average.

The score of a trial is the mean over its seeds of the final validation pass@1.  The expected best of k trials is the
mean of the maximum over all subsets of k of the n trials, without replacement: with the scores in rising order,
sum over i of score_i C(i - 1, k - 1) / C(n, k) (Dodge et al. 2019, arXiv:1909.03004, there with replacement).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rlvr_bench.reports.cells.fairness import IGNORED, flatten
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.accuracy import PASS
from rlvr_bench.reports.measures.windows import training_series
from rlvr_bench.reports.stats import LEVEL, Array, rng

NEAR = 0.9  # of the best score: a trial this good counts as near the best
DRAWS = 2000  # of the bootstrap
NOT_DRAWN = (*IGNORED, "algorithm.name", "warm_start.seed", "reward.label_seed")  # the seeds change with the run's


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One drawn configuration."""

    cell: Cell
    score: float  # mean over the seeds that have one
    seeds: int
    settings: Mapping[str, Any]  # those that the search drew, by dotted key


@dataclass(frozen=True, kw_only=True)
class Search:
    """All trials of one search that have a score, in the order of the manifest."""

    name: str
    trials: tuple[Trial, ...]
    planned: int

    @property
    def label(self) -> str:
        """What its trials have in common in their labels; else its name."""
        return self.trials[0].cell.label.rpartition(", trial ")[0] or self.name

    @property
    def best(self) -> Trial:
        """The first of equals."""
        return max(self.trials, key=lambda t: t.score)

    @property
    def near_best(self) -> float:
        """Share of the trials that score at least NEAR of the best."""
        return fmean(t.score >= NEAR * self.best.score for t in self.trials)


def final_validation(run: Run) -> float | None:
    """pass@1 of the last evaluation; 0 for a run that diverged, None for one that did not finish."""
    if run.state == "diverged":
        return 0.0
    values = training_series(run, PASS) if run.finished else []
    return values[-1][1] if values else None


def searches(cells: Sequence[Cell]) -> tuple[Search, ...]:
    """The searches of a part, in the order of their first trials; those without any score are left out."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.search:
            found.setdefault(cell.search, []).append(cell)
    made = [_search(name, mine) for name, mine in found.items()]
    return tuple(s for s in made if s.trials)


def _search(name: str, cells: Sequence[Cell]) -> Search:
    drawn = drawn_settings(cells)
    trials = []
    for cell in cells:
        scores = [v for r in cell.runs if (v := final_validation(r)) is not None]
        if scores:
            flat = flatten(cell.config)
            settings = {key: flat.get(key) for key in drawn}
            trials.append(Trial(cell=cell, score=fmean(scores), seeds=len(scores), settings=settings))
    return Search(name=name, trials=tuple(trials), planned=len(cells))


def drawn_settings(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Dotted keys of the settings in which the trials differ."""
    flat = [flatten(c.config) for c in cells if c.config]
    keys = {key for of_cell in flat for key in of_cell} - set(NOT_DRAWN)
    return tuple(sorted(k for k in keys if len({repr(of_cell.get(k)) for of_cell in flat}) > 1))


def expected_best(scores: ArrayLike) -> Array:
    """Mean maximum of k of the n scores, without replacement, for k = 1, ..., n.  (..., n)

    Args:
        scores: (..., n)
    """
    ordered = np.sort(np.asarray(scores, dtype=float), axis=-1)
    n = ordered.shape[-1]
    weights = np.array([[comb(i, k - 1) / comb(n, k) for k in range(1, n + 1)] for i in range(n)])  # (n, n)
    return ordered @ weights


def expected_best_band(scores: ArrayLike) -> tuple[Array, Array]:
    """Percentile interval of the expected best for each k, from a bootstrap over the trials."""
    x, generator = np.asarray(scores, dtype=float), rng()
    draws = expected_best(x[generator.integers(0, len(x), (DRAWS, len(x)))])
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return low, high
