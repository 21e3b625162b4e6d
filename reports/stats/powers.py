"""How often a rule of `judge` would reach each conclusion, if the truth were known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats as scipy_stats

from rlvr_bench.reports.stats.estimate import Array
from rlvr_bench.reports.stats.t_tests import Kind, Scale, edges, level_of

NODES = 4000  # of the integral over the sample's spread; the fourth decimal of a power does not move with twice as many


@dataclass(frozen=True)
class Power:
    """Probabilities in [0, 1]; what is left is inconclusive."""

    supported: float
    refuted: float


def power(kind: Kind, sd: float, margin: float, n: int, effect: float, *, scale: Scale = "difference") -> Power:
    """Probabilities of both conclusions for normal paired effects of mean `effect` and standard deviation `sd`.

    For `greater` and `less` this is the noncentral t; for TOST the mean and the sample's spread decide together, so
    the normal law of the mean is averaged over the chi law of the spread, which does for all three rules.

    Args:
        sd: of the paired differences, or of the log ratios; above 0.
        margin: as in `judge`.
        n: pairs, 2 at least.
        effect: true mean difference, or true ratio.
    Raises:
        ValueError: sd or n too small, or what `edges` refuses.
    """
    if sd <= 0 or n < 2:
        raise ValueError(f"no power with a standard deviation of {sd:g} and {n} pairs")
    low, high = edges(kind, margin, scale)
    mean = float(np.log(effect)) if scale == "ratio" else effect
    error = sd / np.sqrt(n)
    shares = (np.arange(NODES) + 0.5) / NODES
    spreads = np.sqrt(scipy_stats.chi2.ppf(shares, n - 1) / (n - 1))  # sample's standard deviation / sd
    half = scipy_stats.t.ppf((1 + level_of(kind)) / 2, n - 1) * error * spreads

    def below(limit: Array) -> Array:
        """P(sample mean < limit)"""
        return np.asarray(scipy_stats.norm.cdf((limit - mean) / error))

    inside = np.maximum(0.0, below(high - half) - below(low + half))
    outside = below(low - half) + 1 - below(high + half)
    return Power(float(inside.mean()), float(outside.mean()))
