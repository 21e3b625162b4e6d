"""A verdict is reached here, from paired values and what was fixed before the runs.

`equivalent`: supported if the 90 % interval lies inside the margin, refuted if it lies wholly outside, on one side.
`greater`, `less`: supported if the 95 % interval lies beyond the threshold, refuted if wholly on the other side.
Otherwise inconclusive.  A test that could not have come out otherwise is undecidable, whatever its interval says.

Each rule comes out both ways at 3 and at 10 pairs, and errs in at most 5 of 100 studies at any truth, because only one
of its two conclusions is then wrong (tests/reports/stats/test_judging.py simulates both; powers.py says how often).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rlvr_bench.reports.stats.estimate import ALPHA, Array
from rlvr_bench.reports.stats.t_tests import Kind, PairedTest, Scale, edges, paired_effects, paired_test

Outcome = Literal["supported", "refuted", "inconclusive", "undecidable"]
MIN_PAIRS = 3  # a t interval of two pairs is 13 times its standard error wide on either side


@dataclass(frozen=True)
class Range:
    """What the measured quantity can be; without limits, only the spread and the number of pairs are looked at."""

    least: float = -inf
    most: float = inf
    floored: bool = False  # both cells were at `least` from the first evaluation to the last: `floored()`


UNLIMITED = Range()


@dataclass(frozen=True, kw_only=True)
class Judgment:
    """What became of one proposition."""

    outcome: Outcome
    reason: str  # a clause that follows the outcome: "supported: the 90 % interval ..."
    n: int  # finished pairs
    planned: int
    test: PairedTest | None = None  # None where there are too few pairs for one

    @property
    def p(self) -> float:
        """p of the conclusion that the data point to; 1 for the undecidable, so that no family can reject it."""
        if self.test is None or self.outcome == "undecidable":
            return 1.0
        return min(self.test.p, self.test.p_against)


def floored(curves: Iterable[Sequence[float]], least: float = 0.0) -> bool:
    """Whether no evaluation of any run, from the first on, was above the least possible value; False without any."""
    values = [v for curve in curves for v in curve]
    return bool(values) and max(values) <= least


def judge(
    kind: Kind,
    a: ArrayLike,
    b: ArrayLike,
    *,
    margin: float,
    planned: int,
    scale: Scale = "difference",
    limits: Range = UNLIMITED,
) -> Judgment:
    """The outcome of one proposition about A and B, and why.

    Args:
        a: values of A of the finished pairs.  (n,)
        b: values of B in the same order.  (n,)
        margin: see `edges`.
        planned: pairs that were planned; fewer finished ones are not judged, or stopping early would pay.
        limits: of the measured quantity, with whether both cells never left the lower one.
    Raises:
        ValueError: what `edges` and `paired_effects` refuse.
    """
    edges(kind, margin, scale)
    effects = paired_effects(a, b, scale)
    n = len(effects)
    test = paired_test(kind, a, b, margin=margin, scale=scale) if n > 1 else None
    why_not = too_few(n, planned) or _no_room(a, b, margin, scale, limits) or _no_spread(effects, a, b, scale)
    if why_not or test is None:
        return Judgment(outcome="undecidable", reason=why_not, n=n, planned=planned, test=test)
    return decided(test, planned)


def decided(test: PairedTest, planned: int) -> Judgment:
    """By the p of the proposition and of its opposite."""
    outcome: Outcome = "inconclusive"
    if test.p < ALPHA:
        outcome = "supported"
    elif test.p_against < ALPHA:
        outcome = "refuted"
    return Judgment(outcome=outcome, reason=where(test, outcome), n=test.n, planned=planned, test=test)


def too_few(n: int, planned: int, least: int = MIN_PAIRS) -> str:
    """Why so many finished pairs are not judged, as a clause; empty where they are."""
    needed = max(least, planned)
    if n >= needed:
        return ""
    rule = f"{planned} were planned" if planned >= least else f"the rule needs {least}"
    return f"{n} finished {'pair' if n == 1 else 'pairs'}, {rule}"


def _no_spread(effects: Array, a: ArrayLike, b: ArrayLike, scale: Scale) -> str:
    # Differences of equal decimals differ in the last bits: .9 - .6 is not .8 - .5.
    size = 1.0 if scale == "ratio" else float(max(np.abs(a).max(), np.abs(b).max()))
    if np.ptp(effects) > 1e-12 * size:
        return ""
    what = "difference" if scale == "difference" else "ratio"
    return f"every pair has the same {what}, so there is no spread to judge it by"


def _no_room(a: ArrayLike, b: ArrayLike, margin: float, scale: Scale, limits: Range) -> str:
    """Why a difference beyond the margin was not possible; ratios are of quantities without an upper limit."""
    if limits.floored:
        return f"floor: both cells stayed at {limits.least:g} from start to end"
    if scale == "ratio":
        return ""
    if margin >= limits.most - limits.least:
        return f"the quantity lies between {limits.least:g} and {limits.most:g}, no difference can exceed {margin:g}"
    means = [float(np.asarray(x, dtype=float).mean()) for x in (a, b)]
    if min(means) > limits.most - margin:
        return f"ceiling: both cells are above {limits.most - margin:g}, no difference can exceed {margin:g}"
    if max(means) < limits.least + margin:
        return f"floor: both cells are below {limits.least + margin:g}, no difference can exceed {margin:g}"
    return ""


def where(test: PairedTest, outcome: Outcome) -> str:
    """Where the interval lies that decided, as a clause."""
    interval = f"the {100 * test.level:.0f} % interval [{test.low:.4g}, {test.high:.4g}]"
    if test.kind == "equivalent":
        low, high = (1 / test.margin, test.margin) if test.scale == "ratio" else (-test.margin, test.margin)
        verb = {"supported": "lies inside", "refuted": "lies outside"}.get(outcome, "reaches over an end of")
        return f"{interval} {verb} [{low:.4g}, {high:.4g}]"
    threshold = test.margin if test.scale == "ratio" or test.kind == "greater" else -test.margin
    above = (outcome == "supported") == (test.kind == "greater")
    verb = "holds" if outcome == "inconclusive" else "lies above" if above else "lies below"
    return f"{interval} {verb} {threshold:.4g}"
