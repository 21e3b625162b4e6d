"""Held-out accuracy in a line for a terminal."""

from __future__ import annotations

import math
from statistics import fmean

from rlvr_bench.harness.records import EvaluationCounts

Z = 1.96  # of a 95 % interval
Interval = tuple[float, float, float]
"""Mean, and the two ends."""


def described(counts: EvaluationCounts) -> str:
    """pass@1 and greedy accuracy with 95 % intervals over the items."""
    found = intervals(counts)
    values = {name: "{:.3f} [{:.3f}, {:.3f}]".format(*one) if one else "unknown" for name, one in found.items()}
    return (
        f"pass@1 {values['pass@1']}, greedy {values['greedy']} on {sum(n is not None for n in counts.right)} items of "
        f"{counts.split} (95 % intervals over items)"
    )


def intervals(counts: EvaluationCounts) -> dict[str, Interval | None]:
    """Of pass@1 and of greedy accuracy; None where no item has a verdict."""
    return {
        "pass@1": wilson([n / counts.samples for n in counts.right if n is not None]),
        "greedy": wilson([float(n) for n in counts.greedy if n is not None]),
    }


def wilson(values: list[float]) -> Interval | None:
    """Mean, and Wilson's interval for it: exact enough for shares, on the safe side for means of shares."""
    if not values:
        return None
    n, mean = len(values), fmean(values)
    middle, half = mean + Z**2 / (2 * n), Z * math.sqrt(mean * (1 - mean) / n + Z**2 / (4 * n**2))
    return mean, (middle - half) / (1 + Z**2 / n), (middle + half) / (1 + Z**2 / n)
