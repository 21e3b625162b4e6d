"""Intervals and tests are computed here, with an explicit random generator.  Numpy and scipy only, no records.

Which interval when.  A percentile bootstrap over three seeds resamples three numbers: it can never look
outside them and covers the truth far less often than it says (about three times in four instead of 95 in 100;
tests/reports/test_stats.py measures it).  So below SMALL_N values every interval is a t interval, of the
logarithms for ratios, and from SMALL_N on it is a stratified percentile bootstrap of the interquartile mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats as scipy_stats

LEVEL = 0.95  # of every interval
ALPHA = 0.05  # of every test
SMALL_N = 10  # fewer values than this: t interval; from here on: bootstrap
REPLICATES = 10_000  # draws of a bootstrap
SEED = 20260101  # of every bootstrap; each starts from it anew, so no number depends on what was computed before
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A number and its two-sided interval; one value alone has none (low and high are None)."""

    value: float
    low: float | None
    high: float | None
    n: int
    method: Literal["t", "log t", "bootstrap", "exact", "single", "score", "F"]

    @property
    def known(self) -> bool:
        return self.low is not None and self.high is not None


def rng() -> np.random.Generator:
    """The generator that a number of the report is computed with."""
    return np.random.default_rng(SEED)


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
    tail = (1 - level) / 2
    low, high = np.quantile(statistic(draws, axis=1), [tail, 1 - tail])
    whole = np.concatenate(arrays)
    return Estimate(float(statistic(whole[None, :], axis=1)[0]), float(low), float(high), len(whole), "bootstrap")


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


def paired_difference(a: ArrayLike, b: ArrayLike, rng: np.random.Generator, *, level: float = LEVEL) -> Estimate:
    """a - b over pairs of equal seeds."""
    return mean_estimate(np.asarray(a, dtype=float) - np.asarray(b, dtype=float), rng, level=level)


def paired_ratio(a: ArrayLike, b: ArrayLike, rng: np.random.Generator, *, level: float = LEVEL) -> Estimate:
    """a / b over pairs of equal seeds: the exponential of the interval of log a - log b.

    Raises:
        ValueError: a value is not above 0.
    """
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if (x <= 0).any() or (y <= 0).any():
        raise ValueError("a ratio on the log scale needs values above 0")
    logs = mean_estimate(np.log(x) - np.log(y), rng, level=level)
    if logs.low is None or logs.high is None:
        return Estimate(float(np.exp(logs.value)), None, None, logs.n, "single")
    method = "log t" if logs.method == "t" else logs.method
    return Estimate(float(np.exp(logs.value)), float(np.exp(logs.low)), float(np.exp(logs.high)), logs.n, method)


def probability_of_improvement(x: ArrayLike, y: ArrayLike) -> float:
    """P(a value of x is above a value of y), over all pairs, ties counted half."""
    a, b = np.asarray(x, dtype=float)[:, None], np.asarray(y, dtype=float)[None, :]
    return float(((a > b) + 0.5 * (a == b)).mean())


def t_test(values: ArrayLike, threshold: float, *, side: Literal["two", "greater", "less"] = "two") -> float:
    """p of Student's test of the mean against a threshold; without spread 0 or 1, as the mean lies."""
    x = np.asarray(values, dtype=float)
    if len(x) < 2:
        return 1.0
    gap, error = float(x.mean() - threshold), float(x.std(ddof=1) / np.sqrt(len(x)))
    if error <= 1e-15 * max(1.0, abs(threshold)):
        holds = {"two": gap != 0, "greater": gap > 0, "less": gap < 0}[side]
        return 0.0 if holds else 1.0
    t, df = gap / error, len(x) - 1
    if side == "two":
        return float(2 * scipy_stats.t.sf(abs(t), df))
    return float(scipy_stats.t.sf(t if side == "greater" else -t, df))


def tost(differences: ArrayLike, low: float, high: float) -> float:
    """p of two one-sided t tests: small means that the mean lies inside (low, high)."""
    return max(t_test(differences, low, side="greater"), t_test(differences, high, side="less"))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given; each is compared with alpha itself."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, running = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted


def zero_event_upper(n: int, *, level: float = LEVEL) -> float:
    """Exact upper bound of a rate after 0 events in n trials: (1 - rate)^n = 1 - level.  The "rule of three"."""
    return 1.0 if n == 0 else float(1 - (1 - level) ** (1 / n))


def wilson(events: float, n: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's score interval of a share; half events are ties."""
    z = float(scipy_stats.norm.ppf((1 + level) / 2))
    p, q = events / n, z * z / n
    center, half = p + q / 2, z * float(np.sqrt(p * (1 - p) / n + q / (4 * n)))
    return max(0.0, (center - half) / (1 + q)), min(1.0, (center + half) / (1 + q))


def share_difference(events_a: int, n_a: int, events_b: int, n_b: int, *, level: float = LEVEL) -> Estimate:
    """Difference of two shares, a - b, with Newcombe's hybrid score interval (usable at 0 events and small n)."""
    a, b = events_a / n_a, events_b / n_b
    (low_a, high_a), (low_b, high_b) = wilson(events_a, n_a, level=level), wilson(events_b, n_b, level=level)
    low = a - b - float(np.hypot(a - low_a, high_b - b))
    high = a - b + float(np.hypot(high_a - a, b - low_b))
    return Estimate(a - b, low, high, min(n_a, n_b), "score")


def fisher_exact(events_a: int, n_a: int, events_b: int, n_b: int) -> float:
    """Two-sided p of Fisher's exact test that two shares are equal."""
    found: Any = scipy_stats.fisher_exact([[events_a, n_a - events_a], [events_b, n_b - events_b]])
    return float(found.pvalue)


def variance_ratio(a: ArrayLike, b: ArrayLike, *, level: float = LEVEL) -> tuple[Estimate, float] | None:
    """Var(a) / Var(b), its F interval and the two-sided p; None where either has no spread or fewer than 2 values."""
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if len(x) < 2 or len(y) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    ratio = float(x.var(ddof=1) / y.var(ddof=1))
    law = scipy_stats.f(len(x) - 1, len(y) - 1)
    upper, lower = float(law.ppf((1 + level) / 2)), float(law.ppf((1 - level) / 2))
    p = min(1.0, 2 * float(min(law.cdf(ratio), law.sf(ratio))))
    return Estimate(ratio, ratio / upper, ratio / lower, min(len(x), len(y)), "F"), p
