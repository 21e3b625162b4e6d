"""The form of a verdict, and the ways to reach one.  Thresholds are named by the callers, in code, beforehand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.stats import Estimate, holm, t_test, tost

Outcome = Literal["supported", "refuted", "inconclusive", "not tested"]
ALPHA = 0.05
SEED = 20260101  # of every bootstrap; each starts from it anew, so no number depends on what was computed before


@dataclass(frozen=True)
class Verdict:
    id: str
    claim: str
    outcome: Outcome
    effect: str = ""  # the number with its interval, or "exact"
    n: str = ""
    equal: str = ""  # what was held equal, and what was not
    rule: str = ""  # how it was decided
    note: str = ""
    sentence: str = ""  # for the summary
    part: str = ""  # title of the part that it comes from
    estimate: Estimate | None = None
    p: float | None = None
    p_holm: float | None = None


def rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


def not_tested(identifier: str, claim: str, reason: str) -> Verdict:
    return Verdict(identifier, claim, "not tested", note=reason)


@dataclass(frozen=True)
class Paired:
    """One number of two cells, over the seeds where both have it."""

    seeds: tuple[int, ...]
    a: tuple[float, ...]
    b: tuple[float, ...]

    @property
    def n(self) -> str:
        return f"{len(self.seeds)} paired seed{'s' if len(self.seeds) != 1 else ''}"


def pair(a: Cell, b: Cell, measure: Callable[[Run], float | None]) -> Paired | None:
    """None where no seed finished in both cells with this number."""
    found = {r.seed: measure(r) for r in a.finished}, {r.seed: measure(r) for r in b.finished}
    rows = [(s, x, y) for s, x in found[0].items() if x is not None and (y := found[1].get(s)) is not None]
    if not rows:
        return None
    seeds, xs, ys = zip(*rows, strict=True)
    return Paired(seeds, xs, ys)


def decide_above(estimate: Estimate, threshold: float) -> Outcome:
    """Supported if the whole interval lies above the threshold, refuted if below, otherwise inconclusive."""
    if estimate.low is None or estimate.high is None:
        return "inconclusive"
    if estimate.low > threshold:
        return "supported"
    return "refuted" if estimate.high < threshold else "inconclusive"


def decide_inside(estimate: Estimate, low: float, high: float) -> Outcome:
    """Supported if the whole interval lies inside the band, refuted if wholly outside, otherwise inconclusive."""
    if estimate.low is None or estimate.high is None:
        return "inconclusive"
    if low < estimate.low and estimate.high < high:
        return "supported"
    return "refuted" if estimate.high < low or estimate.low > high else "inconclusive"


def decide_same(estimate: Estimate, values: Sequence[float], margin: float) -> tuple[Outcome, float | None]:
    """Supported if two one-sided t tests at ALPHA put the mean inside +-margin, refuted if the interval is outside.

    Returns:
        the outcome, and the p of what it rests on: TOST, or the test against the nearer edge.
    """
    if estimate.low is None or estimate.high is None:
        return "inconclusive", None
    if estimate.low > margin or estimate.high < -margin:
        return "refuted", t_test(values, float(np.copysign(margin, np.mean(values))))
    p = tost(values, -margin, margin)
    return ("supported" if p < ALPHA else "inconclusive"), p


def p_inside(values: Sequence[float], low: float, high: float) -> float:
    """p of what the mean suggests: inside the band if it lies there (TOST), else beyond the nearer edge."""
    mean = float(np.mean(values))
    if low < mean < high:
        return tost(values, low, high)
    return t_test(values, low if mean <= low else high)


def adjust(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """Holm over all verdicts of the study that rest on a test; a decision that does not survive is withdrawn."""
    tested = [i for i, v in enumerate(verdicts) if v.p is not None]
    result = list(verdicts)
    for i, p in zip(tested, holm([v.p for v in verdicts if v.p is not None]), strict=True):
        result[i] = replace(result[i], p_holm=p)
        if result[i].outcome in {"supported", "refuted"} and p > ALPHA:
            note = f"The interval alone says {result[i].outcome}; it does not survive Holm's correction."
            result[i] = replace(result[i], outcome="inconclusive", note=f"{result[i].note} {note}".strip())
    return tuple(result)
