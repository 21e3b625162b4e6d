"""Held-out accuracy in a line for a terminal."""

from __future__ import annotations

from statistics import fmean

from rlvr_bench.harness.records import EvaluationCounts

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
        "pass@1": _interval([n / counts.samples for n in counts.right if n is not None]),
        "greedy": _interval([float(n) for n in counts.greedy if n is not None]),
    }


def _interval(values: list[float]) -> Interval | None:
    """Mean, and Wilson's interval for it: exact enough for shares, on the safe side for means of shares."""
    from rlvr_bench.reports.stats import wilson

    return (fmean(values), *wilson(sum(values), len(values))) if values else None
