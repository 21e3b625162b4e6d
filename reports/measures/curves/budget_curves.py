"""pass@1 over a budget is computed here: the mean of a cell's seeds, and the difference of two cells at equal budget.

Seeds spend different seconds and FLOPs on as many steps, so each is read, between its evaluations, at one set of
amounts: the means over the seeds of what was spent up to each evaluation, as far as every finished seed went.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats as scipy_stats

from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.budgets import accuracy_at, spent, total_spent
from rlvr_bench.reports.stats import LEVEL, Array


@dataclass(frozen=True)
class Band:
    """A mean curve over seeds with Student's interval at each amount, which holds for that amount alone."""

    amounts: Array  # (points,)
    seeds: Array  # (seeds, points)
    mean: Array  # (points,)
    low: Array | None  # (points,); None below two seeds
    high: Array | None


def mean_curve(cell: Cell, budget: str) -> Band | None:
    """pass@1 of the finished seeds; None where none has a curve over this budget."""
    runs = [r for r in cell.finished if spent(r, budget)]
    amounts = _amounts([runs], budget)
    return _band(amounts, [_read(r, budget, amounts) for r in runs]) if runs else None


def difference_curve(a: Cell, b: Cell, budget: str) -> Band | None:
    """pass@1 of A less that of B when both have spent as much, paired by seed; None without a pair."""
    other = {r.seed: r for r in b.finished if spent(r, budget)}
    pairs = [(r, other[r.seed]) for r in a.finished if r.seed in other and spent(r, budget)]
    if not pairs:
        return None
    amounts = _amounts([[x for x, _ in pairs], [y for _, y in pairs]], budget)
    return _band(amounts, [_read(x, budget, amounts) - _read(y, budget, amounts) for x, y in pairs])


def _amounts(groups: Sequence[Sequence[Run]], budget: str) -> Array:
    """Mean spending at each evaluation of each group, up to what every run has spent.

    One that diverged counts as if it had gone on: it has no model from there on and scores 0.
    """
    runs = [r for group in groups for r in group]
    whole = [r for r in runs if r.state != "diverged"] or runs
    end = min((total for r in whole if (total := total_spent(r, budget)) is not None), default=0.0)
    found = {end}
    for group in groups:
        curves = [[x for x, _, _ in spent(r, budget)] for r in group if r in whole]
        found |= {float(np.mean(column)) for column in zip(*curves, strict=False)}
    return np.array(sorted(x for x in found if x <= end))


def _read(run: Run, budget: str, amounts: Array) -> Array:
    values = [accuracy_at(run, budget, float(x)) for x in amounts]
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def _band(amounts: Array, curves: Sequence[Array]) -> Band:
    seeds = np.array(curves)
    mean, n = seeds.mean(axis=0), len(seeds)
    if n < 2:
        return Band(amounts, seeds, mean, None, None)
    half = scipy_stats.t.ppf((1 + LEVEL) / 2, n - 1) * seeds.std(axis=0, ddof=1) / np.sqrt(n)
    return Band(amounts, seeds, mean, mean - half, mean + half)
