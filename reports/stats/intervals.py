"""Intervals of means, differences and ratios over seeds, with an explicit random generator.

Which interval when.  A percentile bootstrap over three seeds resamples three numbers: it can never look
outside them and covers the truth far less often than it says (about three times in four instead of 95 in 100;
tests/reports/stats/test_coverage.py measures it).  So below SMALL_N values the interval of one cell is a t interval,
and from SMALL_N on a stratified percentile bootstrap of the interquartile mean.  Comparisons of two cells are Student's
at every n, of the logarithms for ratios, so that no table contradicts a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats as scipy_stats

from rlvr_bench.reports.stats.estimate import LEVEL, REPLICATES, SMALL_N, Array, Estimate, percentiles


def interquartile_mean(values: ArrayLike, axis: int = -1) -> Array:
    """Mean of what is left after a quarter of the values, rounded down, is cut from either end."""
    ordered = np.sort(np.asarray(values, dtype=float), axis=axis)
    n = ordered.shape[axis]
    cut = n // 4
    return np.take(ordered, range(cut, n - cut), axis=axis).mean(axis=axis)


def bootstrap(
    strata: Sequence[ArrayLike],
    rng: np.random.Generator,
    *,
    statistic: Callable[..., Array] = interquartile_mean,
    level: float = LEVEL,
    replicates: int = REPLICATES,
) -> Estimate:
    """Stratified percentile bootstrap: values are drawn with replacement inside each stratum (task).

    Args:
        strata: one sequence of values per stratum.
        statistic: of an array (replicates, n) along axis=1.
    """
    arrays = [np.asarray(s, dtype=float) for s in strata]
    draws = np.concatenate([a[rng.integers(0, len(a), (replicates, len(a)))] for a in arrays], axis=1)
    low, high = percentiles(statistic(draws, axis=1), level)
    whole = np.concatenate(arrays)
    return Estimate(float(statistic(whole[None, :], axis=1)[0]), low, high, len(whole), "bootstrap")


def t_interval(values: ArrayLike, *, level: float = LEVEL) -> Estimate:
    """Mean and Student's interval; all values equal give an interval of no width."""
    x = np.asarray(values, dtype=float)
    if len(x) < 2:
        return Estimate(float(x.mean()), None, None, len(x), "single")
    half = float(scipy_stats.t.ppf((1 + level) / 2, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x)))
    return Estimate(float(x.mean()), float(x.mean()) - half, float(x.mean()) + half, len(x), "t")


def mean_estimate(
    values: ArrayLike, rng: np.random.Generator, *, level: float = LEVEL, bounds: tuple[float, float] | None = None
) -> Estimate:
    """The center of one cell's seeds: t interval of the mean when few, bootstrap of the interquartile mean when many.

    Args:
        bounds: limits that the quantity cannot pass; the interval is cut there.
    """
    x = np.asarray(values, dtype=float)
    found = t_interval(x, level=level) if len(x) < SMALL_N else bootstrap([x], rng, level=level)
    if bounds is None or found.low is None or found.high is None:
        return found
    return Estimate(found.value, max(found.low, bounds[0]), min(found.high, bounds[1]), found.n, found.method)


def paired_difference(a: ArrayLike, b: ArrayLike, *, level: float = LEVEL) -> Estimate:
    """a - b over pairs of equal seeds: Student's interval at every n, which is the one that tests decide by."""
    return t_interval(np.asarray(a, dtype=float) - np.asarray(b, dtype=float), level=level)


def log_ratios(a: ArrayLike, b: ArrayLike) -> Array:
    """log a - log b of each pair.

    Raises:
        ValueError: a value is not above 0.
    """
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if (x <= 0).any() or (y <= 0).any():
        raise ValueError("a ratio on the log scale needs values above 0")
    return np.log(x) - np.log(y)


def paired_ratio(a: ArrayLike, b: ArrayLike, *, level: float = LEVEL) -> Estimate:
    """a / b over pairs of equal seeds: the exponential of Student's interval of log a - log b.

    Raises:
        ValueError: a value is not above 0.
    """
    logs = t_interval(log_ratios(a, b), level=level)
    if logs.low is None or logs.high is None:
        return Estimate(float(np.exp(logs.value)), None, None, logs.n, "single")
    return Estimate(float(np.exp(logs.value)), float(np.exp(logs.low)), float(np.exp(logs.high)), logs.n, "log t")


def probability_of_improvement(x: ArrayLike, y: ArrayLike) -> float:
    """P(a value of x is above a value of y), over all pairs, ties counted half."""
    a, b = np.asarray(x, dtype=float)[:, None], np.asarray(y, dtype=float)[None, :]
    return float(((a > b) + 0.5 * (a == b)).mean())
