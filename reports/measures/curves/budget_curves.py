"""pass@1 over a budget is computed here: the mean of a cell's seeds, and the difference of two cells at equal budget.

Seeds spend different seconds and FLOPs on as many steps, so each is read, between its evaluations, at one set of
amounts: the means over the seeds of what was spent up to each evaluation, as far as every finished seed went.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats as scipy_stats

from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.budgets import spent
from rlvr_bench.reports.stats import LEVEL, Array


@dataclass(frozen=True)
class Band:
    """A mean curve over seeds with Student's interval at each amount, which holds for that amount alone."""

    amounts: Array  # (points,)
    seeds: Array  # (seeds, points)
    mean: Array  # (points,)
    low: Array | None  # (points,); None below two seeds
    high: Array | None


@dataclass(frozen=True, eq=False)
class _Curve:
    """One run: what it had spent at each evaluation, and pass@1 there."""

    spent: Array  # (evaluations,)
    score: Array
    diverged: bool

    def read(self, amounts: Array) -> Array:
        """Between evaluations on the line through both; a run that diverged scores 0 beyond its last."""
        return np.interp(amounts, self.spent, self.score, right=0.0 if self.diverged else None)


def mean_curve(cell: Cell, budget: str) -> Band | None:
    """pass@1 of the finished seeds; None where none has a curve over this budget."""
    curves = list(_curves(cell, budget).values())
    amounts = _amounts([curves])
    return _band(amounts, [c.read(amounts) for c in curves]) if curves else None


def difference_curve(a: Cell, b: Cell, budget: str) -> Band | None:
    """pass@1 of A less that of B when both have spent as much, paired by seed; None without a pair."""
    first, second = _curves(a, budget), _curves(b, budget)
    seeds = [s for s in first if s in second]
    if not seeds:
        return None
    amounts = _amounts([[first[s] for s in seeds], [second[s] for s in seeds]])
    return _band(amounts, [first[s].read(amounts) - second[s].read(amounts) for s in seeds])


def _curves(cell: Cell, budget: str) -> dict[int, _Curve]:
    """Of the finished runs, by seed."""
    found = {r.seed: (spent(r, budget), r.state == "diverged") for r in cell.finished}
    return {
        seed: _Curve(np.array([x for x, _, _ in points]), np.array([y for _, y, _ in points]), diverged)
        for seed, (points, diverged) in found.items()
        if points
    }


def _amounts(groups: Sequence[Sequence[_Curve]]) -> Array:
    """Mean spending at each evaluation of each group, up to what every run has spent.

    One that diverged counts as if it had gone on: it has no model from there on and scores 0.
    """
    curves = [c for group in groups for c in group]
    whole = [c for c in curves if not c.diverged] or curves
    end = min((float(c.spent[-1]) for c in whole), default=0.0)
    found = {end}
    for group in groups:
        found |= {float(np.mean(x)) for x in zip(*(c.spent for c in group if c in whole), strict=False)}
    return np.array(sorted(x for x in found if x <= end))


def _band(amounts: Array, curves: Sequence[Array]) -> Band:
    seeds = np.array(curves)
    mean, n = seeds.mean(axis=0), len(seeds)
    if n < 2:
        return Band(amounts, seeds, mean, None, None)
    half = scipy_stats.t.ppf((1 + LEVEL) / 2, n - 1) * seeds.std(axis=0, ddof=1) / np.sqrt(n)
    return Band(amounts, seeds, mean, mean - half, mean + half)
