"""Conclusions are drawn here from intervals and tests.  Thresholds are named by the callers, in code, beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from rlvr_bench.reports.claims.finding import Conclusion, Finding
from rlvr_bench.reports.numbers import INTERVAL, plain
from rlvr_bench.reports.stats import ALPHA, Estimate, holm, t_test, tost

SAME_RULE = (
    f"Supported if two one-sided t tests at {plain(ALPHA)} put the difference inside the margin, refuted if the "
    f"{INTERVAL} lies outside."
)
_OPPOSITE: dict[Conclusion, Conclusion] = {"supported": "refuted", "refuted": "supported"}


def decide_above(estimate: Estimate, threshold: float) -> Conclusion:
    """Supported if the whole interval lies above the threshold, refuted if below, otherwise inconclusive."""
    if estimate.low is None or estimate.high is None:
        return "inconclusive"
    if estimate.low > threshold:
        return "supported"
    return "refuted" if estimate.high < threshold else "inconclusive"


def decide_below(estimate: Estimate, threshold: float) -> Conclusion:
    """Supported if the whole interval lies below the threshold, refuted if above, otherwise inconclusive."""
    return _OPPOSITE.get(decide_above(estimate, threshold), "inconclusive")


def decide_inside(estimate: Estimate, low: float, high: float) -> Conclusion:
    """Supported if the whole interval lies inside the band, refuted if wholly outside, otherwise inconclusive."""
    if estimate.low is None or estimate.high is None:
        return "inconclusive"
    if low < estimate.low and estimate.high < high:
        return "supported"
    return "refuted" if estimate.high < low or estimate.low > high else "inconclusive"


def decide_same(estimate: Estimate, values: ArrayLike, margin: float) -> tuple[Conclusion, float | None]:
    """Supported if two one-sided t tests at ALPHA put the mean inside +-margin, refuted if the interval is outside.

    Returns:
        the conclusion, and the p of what it rests on: TOST, or the test against the nearer edge.
    """
    if estimate.low is None or estimate.high is None:
        return "inconclusive", None
    if estimate.low > margin or estimate.high < -margin:
        return "refuted", t_test(values, float(np.copysign(margin, np.mean(np.asarray(values, dtype=float)))))
    p = tost(values, -margin, margin)
    return ("supported" if p < ALPHA else "inconclusive"), p


def p_inside(values: ArrayLike, low: float, high: float) -> float:
    """p of what the mean suggests: inside the band if it lies there (TOST), else beyond the nearer edge."""
    mean = float(np.mean(np.asarray(values, dtype=float)))
    if low < mean < high:
        return tost(values, low, high)
    return t_test(values, low if mean <= low else high)


def adjust(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Holm over all findings of the study that rest on a test; a decision that does not survive is withdrawn."""
    tested = [i for i, f in enumerate(findings) if f.p is not None]
    result = list(findings)
    for i, p in zip(tested, holm([f.p for f in findings if f.p is not None]), strict=True):
        result[i] = replace(result[i], p_holm=p)
        if result[i].conclusion in {"supported", "refuted"} and p > ALPHA:
            note = f"The interval alone says {result[i].conclusion}; it does not survive Holm's correction."
            result[i] = replace(result[i], conclusion="inconclusive", note=f"{result[i].note} {note}".strip())
    return tuple(result)
