"""Shares of few trials: exact and score intervals, which hold at 0 events too."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats as scipy_stats

from rlvr_bench.reports.stats.estimate import LEVEL, Estimate


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
