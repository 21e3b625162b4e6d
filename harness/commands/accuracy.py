"""Held-out accuracy in a line for a terminal."""

from __future__ import annotations

import math
from statistics import fmean

from rlvr_bench.harness.records import EvaluationCounts

Z = 1.96  # of a 95 % interval


def described(counts: EvaluationCounts) -> str:
    """pass@1 and greedy accuracy with 95 % intervals over the items."""
    right = [n / counts.samples for n in counts.right if n is not None]
    greedy = [float(n) for n in counts.greedy if n is not None]
    return (
        f"pass@1 {_interval(right)}, greedy {_interval(greedy)} on {len(right)} items of {counts.split} "
        "(95 % intervals over items)"
    )


def _interval(values: list[float]) -> str:
    """Mean, and Wilson's interval for it: exact enough for shares, on the safe side for means of shares."""
    if not values:
        return "unknown"
    n, mean = len(values), fmean(values)
    middle, half = mean + Z**2 / (2 * n), Z * math.sqrt(mean * (1 - mean) / n + Z**2 / (4 * n**2))
    return f"{mean:.3f} [{(middle - half) / (1 + Z**2 / n):.3f}, {(middle + half) / (1 + Z**2 / n):.3f}]"
