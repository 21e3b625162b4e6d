"""From a proposition about paired values to a finding whose sentence says proposition, verdict and effect.

The verdict is `stats.judge`'s, the interval that is printed is the one that decided: 90 % beside an equivalence, 95 %
otherwise.  Findings made here are descriptive: they neither correct nor are corrected; `primary/` names its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, inf

import numpy as np

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.pairing import Paired
from rlvr_bench.reports.claims.finding import Conclusion, Finding, Question
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import curve
from rlvr_bench.reports.stats import (
    ALPHA,
    LEVEL,
    UNLIMITED,
    Estimate,
    Judgment,
    Kind,
    PairedTest,
    Range,
    Scale,
    edges,
    floored,
    judge,
    paired_effects,
    power,
)


@dataclass(frozen=True, kw_only=True)
class Proposition:
    """What is judged of A less B, or of A / B; without `pair`, of one cell's values alone (B is then 0)."""

    id: str
    claim: str  # a sentence
    question: Question
    kind: Kind
    margin: float  # as in `stats.judge`, measured from `center`
    scale: Scale = "difference"
    center: float | None = (
        None  # subtracted from A, or divided out of it: 0 (a ratio: 1) is then the center of the band
    )
    pair: tuple[str, str] | None = None  # labels of A and B
    unit: str = ""  # of a difference: "points" for shares
    show: numbers.Format | None = None  # of a difference or a value, if not the one of its unit
    noun: str = "it"  # what the effect is called, where it is no difference of two
    limits: Range = UNLIMITED
    planned: int = 0  # pairs; of a descriptive claim none are

    @property
    def holds(self) -> tuple[float, float]:
        """Where it holds, in the unit of the effect."""
        low, high = edges(self.kind, self.margin, self.scale)
        if self.scale == "difference":
            return low + (self.center or 0.0), high + (self.center or 0.0)
        middle = 1.0 if self.center is None else self.center
        return (0.0 if low == -inf else exp(low) * middle), (inf if high == inf else exp(high) * middle)


def judge_values(proposition: Proposition, values: Paired, *, blocked: str = "") -> Judgment:
    """The outcome of a proposition; `blocked` is a reason for which it cannot be decided, whatever the values say."""
    p, (a, b) = proposition, _centered(proposition, values)
    if p.scale == "ratio" and len(a) and min(*a, *b) <= 0:
        return Judgment(
            outcome="undecidable", reason="a ratio needs values above 0", n=len(values.seeds), planned=p.planned
        )
    found = judge(p.kind, a, b, margin=p.margin, planned=p.planned, scale=p.scale, limits=p.limits)
    return blocked_by(found, blocked)


def blocked_by(judgment: Judgment, reason: str) -> Judgment:
    """Undecidable for this reason, where there is one."""
    return replace(judgment, outcome="undecidable", reason=reason) if reason else judgment


def spread_of(proposition: Proposition, values: Paired) -> float | None:
    """Standard deviation of the paired effects; None without one that is above rounding."""
    a, b = _centered(proposition, values)
    if len(a) < 2 or (proposition.scale == "ratio" and min(*a, *b) <= 0):
        return None
    sd = float(np.std(paired_effects(a, b, proposition.scale), ddof=1))
    return sd if sd > 1e-12 else None


def finding(
    proposition: Proposition,
    judgment: Judgment,
    *,
    equal: str,
    blocked: str = "",
    spread: float | None = None,
    rule: str = "",
    note: str = "",
    n: str = "",
) -> Finding:
    """A descriptive finding.

    Args:
        blocked: a reason for which it cannot be decided, whatever the judgment.
        spread: of the paired effects, for the power; None where it is not known.
        rule: what was measured; how it was decided is put before it.
        n: of pairs, if it is not "so many paired seeds".
    """
    judgment = blocked_by(judgment, blocked)
    estimate = estimate_of(proposition, judgment.test)
    noun = "paired seed" if proposition.pair else "seed"
    return Finding(
        id=proposition.id,
        claim=proposition.claim,
        conclusion=judgment.outcome,
        effect=effect(proposition, judgment.test),
        n=n or numbers.count(judgment.n, noun),
        equal=equal,
        rule=f"{decided_by(proposition)} {rule}".strip(),
        note=note,
        sentence=sentence(proposition, judgment.outcome, judgment.reason, judgment.test),
        question=proposition.question,
        pair=proposition.pair,
        estimate=estimate,
        level=judgment.test.level if judgment.test else LEVEL,
        scale=proposition.scale,
        unit=proposition.unit,
        holds=proposition.holds,
        power=power_of(proposition, judgment, spread),
        p=judgment.p if judgment.test else None,
    )


def describe(
    proposition: Proposition,
    values: Paired,
    *,
    equal: str,
    rule: str = "",
    note: str = "",
    blocked: str = "",
) -> Finding:
    """Judge and word a descriptive finding."""
    found = judge_values(proposition, values, blocked=blocked)
    spread = spread_of(proposition, values)
    made = finding(proposition, found, equal=equal, spread=spread, rule=rule, note=note)
    if found.test is None and len(values.seeds) == 1 and (one := _single(proposition, values)):
        return replace(made, estimate=one, effect=_worded(proposition, one, LEVEL))
    return made


def _single(proposition: Proposition, values: Paired) -> Estimate | None:
    """The effect of one pair, which has no interval."""
    a, b = values.a[0], values.b[0]
    if proposition.scale == "difference":
        return Estimate(a - b, None, None, 1, "single")
    return Estimate(a / b, None, None, 1, "single") if b > 0 else None


def accuracy_limits(cells: Sequence[Cell], metric: str) -> Range:
    """Of a share of right answers, with whether no cell ever had one."""
    runs = [r for c in cells for r in c.finished]
    return Range(0.0, 1.0, floored(curve(r, metric) for r in runs))


def estimate_of(proposition: Proposition, test: PairedTest | None) -> Estimate | None:
    """The effect with the interval that decides; None where there are too few pairs for one."""
    if test is None:
        return None
    ends = test.estimate, test.low, test.high
    if proposition.scale == "difference":
        value, low, high = (e + (proposition.center or 0.0) for e in ends)
        return Estimate(value, low, high, test.n, "t")
    value, low, high = (e * (1.0 if proposition.center is None else proposition.center) for e in ends)
    return Estimate(value, low, high, test.n, "log t")


def effect(proposition: Proposition, test: PairedTest | None) -> str:
    """The number with its interval and what it is of; empty without a test."""
    text = _number(proposition, test)
    return f"{_pair(proposition)}: {text}" if text and _differs(proposition) else text


def sentence(proposition: Proposition, outcome: Conclusion, reason: str, test: PairedTest | None) -> str:
    """Proposition, verdict and effect as one sentence: "...: refuted, it is 37.6 % lower [36.1, 39.0]."."""
    text = _number(proposition, test)
    if text and _differs(proposition):
        text = f"the difference ({_pair(proposition)}) is {text}"
    elif text:
        text = f"{proposition.noun} is {text}"
    if outcome in ("undecidable", "not tested"):
        text = f"{reason} ({text})" if text else reason
    return f"{proposition.claim.rstrip('.')}: {outcome}, {text}."


def decided_by(proposition: Proposition) -> str:
    """The rule in words, with its threshold and its level."""
    low, high = proposition.holds
    show = _format(proposition)
    unit = f" {proposition.unit}" if proposition.unit and proposition.scale == "difference" else ""
    if proposition.kind == "equivalent":
        return (
            f"Supported if the 90 % interval lies inside {show(low)} to {show(high)}{unit} (two one-sided t tests at "
            f"{numbers.plain(ALPHA)}), refuted if it lies wholly outside."
        )
    sides = ("above", "below") if proposition.kind == "greater" else ("below", "above")
    edge = low if proposition.kind == "greater" else high
    threshold = f"{show(edge)}{unit}" if edge else "0"
    return f"Supported if the {numbers.INTERVAL} lies {sides[0]} {threshold}, refuted if {sides[1]}."


def _differs(proposition: Proposition) -> bool:
    return proposition.pair is not None and proposition.scale == "difference"


def _pair(proposition: Proposition) -> str:
    return " less ".join(proposition.pair or ())


def _format(proposition: Proposition) -> numbers.Format:
    if proposition.scale == "ratio":
        return numbers.factor
    return proposition.show or (numbers.points if proposition.unit == "points" else numbers.change)


def _number(proposition: Proposition, test: PairedTest | None) -> str:
    found = estimate_of(proposition, test)
    return "" if found is None or test is None else _worded(proposition, found, test.level)


def _worded(proposition: Proposition, found: Estimate, level: float) -> str:
    tail = "" if level == LEVEL else f" ({100 * level:.0f} % interval)"
    if proposition.scale == "ratio":
        return f"{numbers.compared(found)}{tail}"
    return f"{numbers.with_interval(found, _format(proposition), proposition.unit)}{tail}"


def power_of(proposition: Proposition, judgment: Judgment, spread: float | None) -> float | None:
    """Probability of the conclusion that the effect points to, at the planned n, if the truth is what was found."""
    test, n = judgment.test, max(judgment.planned, judgment.n)
    if test is None or spread is None or judgment.outcome == "undecidable":
        return None
    found = power(test.kind, spread, test.margin, n, test.estimate, scale=test.scale)
    low, high = edges(test.kind, test.margin, test.scale)
    inside = low < (np.log(test.estimate) if test.scale == "ratio" else test.estimate) < high
    return found.supported if inside else found.refuted


def _centered(proposition: Proposition, values: Paired) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(values.a, dtype=float), np.asarray(values.b, dtype=float)
    if proposition.center is None:
        return a, b
    return (a / proposition.center if proposition.scale == "ratio" else a - proposition.center), b


def alone(seeds: Sequence[int], values: Sequence[float]) -> Paired:
    """Values of one cell, to be judged against a threshold."""
    return Paired(tuple(seeds), tuple(values), (0.0,) * len(values))
