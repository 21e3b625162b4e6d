"""Shares of few trials: exact and score intervals, which hold at 0 events too."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy import stats as scipy_stats

from rlvr_bench.reports.stats.estimate import ALPHA, LEVEL, Estimate
from rlvr_bench.reports.stats.judging import Judgment, decided
from rlvr_bench.reports.stats.t_tests import PairedTest

Alternative = Literal["two-sided", "greater", "less"]


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


def judge_shares(
    kind: Literal["greater", "less"], events_a: int, n_a: int, events_b: int, n_b: int, *, planned: int
) -> Judgment:
    """Whether A's share is above (`greater`) or below (`less`) B's.

    Decided where Fisher's exact p is below ALPHA and the score interval of the difference agrees; the interval alone is
    too short for few trials.

    Args:
        planned: trials of each; fewer are not judged.
    """
    n = min(n_a, n_b)
    if n < planned:
        return Judgment(outcome="undecidable", reason=f"{n} trials, {planned} were planned", n=n, planned=planned)
    gap = share_difference(events_a, n_a, events_b, n_b)
    assert gap.low is not None and gap.high is not None  # a score interval always has ends
    up = fisher_exact(events_a, n_a, events_b, n_b, alternative="greater")
    down = fisher_exact(events_a, n_a, events_b, n_b, alternative="less")
    above, below = max(_past(gap.low <= 0), min(1.0, 2 * up)), max(_past(gap.high >= 0), min(1.0, 2 * down))
    p, p_against = (above, below) if kind == "greater" else (below, above)
    test = PairedTest(
        kind=kind, scale="difference", margin=0.0, estimate=gap.value, low=gap.low, high=gap.high, level=LEVEL,
        p=p, p_against=p_against, n=n,
    )  # fmt: skip
    if events_a == events_b == 0 or (events_a == n_a and events_b == n_b):
        bound = "floor: no trial of either" if events_a == 0 else "ceiling: every trial of both"
        return Judgment(outcome="undecidable", reason=bound, n=n, planned=planned, test=test)
    return decided(test, planned)


def _past(reaches_over: bool) -> float:
    """The least p of an effect whose interval reaches over 0: none that could reject."""
    return ALPHA if reaches_over else 0.0


def fisher_exact(events_a: int, n_a: int, events_b: int, n_b: int, *, alternative: Alternative = "two-sided") -> float:
    """p of Fisher's exact test that two shares are equal; one-sided against A's being `greater` or `less`."""
    table = [[events_a, n_a - events_a], [events_b, n_b - events_b]]
    found: Any = scipy_stats.fisher_exact(table, alternative=alternative)
    return float(found.pvalue)
