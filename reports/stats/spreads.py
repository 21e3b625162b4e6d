"""The spread over seeds without that of the evaluations: what is left of a variance when its noise is taken out.

The variance of the scores is that of the seeds plus the mean variance of an evaluation, so the latter, which is known
from the samples of each item, is subtracted.  The interval is Weerahandi's generalized one (JASA 1993): what the
variance of the scores could be, given theirs, is drawn from its chi-squared law, the noise is subtracted from each
draw, and what falls below 0 is 0.  Without noise it is the exact F interval, told as a difference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rlvr_bench.reports.stats.estimate import LEVEL, REPLICATES, Array, Estimate, percentiles


def noise_free_sd(values: ArrayLike, noise: float) -> float:
    """Standard deviation over seeds: root of the variance of the scores less that of an evaluation; 0 at the least.

    Args:
        values: scores, at least two.
        noise: mean variance of a score's evaluation.
    """
    return float(np.sqrt(max(0.0, np.asarray(values, dtype=float).var(ddof=1) - noise)))


def sd_interval(
    values: ArrayLike, noise: float, rng: np.random.Generator, *, level: float = LEVEL
) -> tuple[float, float]:
    """Generalized interval of `noise_free_sd`."""
    return percentiles(_draws(values, noise, rng), level)


def sd_difference(
    a: ArrayLike, b: ArrayLike, noise_a: float, noise_b: float, rng: np.random.Generator, *, level: float = LEVEL
) -> tuple[Estimate, float] | None:
    """A's standard deviation less B's, each without its noise, with the generalized interval and the two-sided p.

    None where either has fewer than two scores, or all of them alike.
    """
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if len(x) < 2 or len(y) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    draws = _draws(x, noise_a, rng) - _draws(y, noise_b, rng)
    low, high = percentiles(draws, level)
    below = float((draws < 0).mean() + (draws == 0).mean() / 2)
    p = min(1.0, 2 * min(below, 1 - below))
    value = noise_free_sd(x, noise_a) - noise_free_sd(y, noise_b)
    return Estimate(value, low, high, min(len(x), len(y)), "generalized"), p


def _draws(values: ArrayLike, noise: float, rng: np.random.Generator) -> Array:
    x = np.asarray(values, dtype=float)
    total = x.var(ddof=1) * (len(x) - 1) / rng.chisquare(len(x) - 1, REPLICATES)
    return np.sqrt(np.maximum(0.0, total - noise))
