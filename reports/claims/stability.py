"""Whether a critic makes training less stable is judged here: collapses, and the spread over seeds.

stability.collapse  With the critic runs collapse more often (each matched pair whose reward can teach something, the
                    rule of measures/collapse.py): supported if the score interval of the difference of the rates lies
                    above 0 and Fisher's exact p is below .05, refuted if the interval lies below 0 and p is.  The exact
                    test is there because the interval alone is too short for so few runs; below LEAST_RUNS of them it
                    cannot reject.  Undecidable also where no run of either cell collapsed, or all of both did.
stability.spread    With the critic the final pass@1 varies more over seeds (the pair with the verifier): supported if
                    the F interval of the variance ratio lies above 1, refuted if below.  From LEAST_SEEDS on: there a
                    ratio of 4 (twice the standard deviation) is found in every second study; below, hardly ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import numpy as np

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.matching import Pair, described, display, matched_pair, teaching_pairs
from rlvr_bench.reports.cells.pairing import pair
from rlvr_bench.reports.cells.reward_setting import VERIFIER
from rlvr_bench.reports.claims.accuracy import NO_PAIR
from rlvr_bench.reports.claims.finding import Conclusion, Finding, not_tested
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import FINAL_SCORE, final_score
from rlvr_bench.reports.measures.collapse import collapse_events
from rlvr_bench.reports.stats import (
    ALPHA,
    SMALL_N,
    Estimate,
    fisher_exact,
    share_difference,
    variance_ratio,
    zero_event_upper,
)

LEAST_RUNS = 4  # all of one cell and none of the other: Fisher's p is .10 with three runs each, .03 with four
LEAST_SEEDS = SMALL_N


def collapse(cells: Sequence[Cell]) -> list[Finding]:
    """stability.collapse"""
    pairs = teaching_pairs(cells)
    found = [_collapse(p, described(p, pairs)) for p in pairs]
    return found or [not_tested("stability.collapse", _collapse_claim("with a verifier", "PPO", "GRPO"), NO_PAIR)]


def _collapse_claim(reward: str, critic: str, free: str) -> str:
    return f"{reward[0].upper()}{reward[1:]}, {critic} collapses more often than {free}."


def _collapse(matched: Pair, reward: str) -> Finding:
    identifier, names = "stability.collapse", [display(c) for c in matched]
    claim = _collapse_claim(reward, *names)
    if not all(c.finished for c in matched):
        return not_tested(identifier, claim, NO_PAIR)
    sizes = [len(c.finished) for c in matched]
    events = [sum(bool(collapse_events(r)) for r in c.finished) for c in matched]
    gap = share_difference(events[0], sizes[0], events[1], sizes[1])
    p = fisher_exact(events[0], sizes[0], events[1], sizes[1])
    conclusion, reason = _more_often(events, sizes, gap, p)
    bounds = [
        f"0 of {n} only bounds the rate of {c.label} below {numbers.percent(zero_event_upper(n))}."
        for c, n, k in zip(matched, sizes, events, strict=True)
        if k == 0
    ]
    text = numbers.with_interval(gap, numbers.points, "points")
    counted = f"{names[0]} {events[0]} of {sizes[0]}, {names[1]} {events[1]} of {sizes[1]}"
    says = f"{reason} ({counted})" if reason else f"{counted}, a difference of {text}"
    return Finding(
        id=identifier,
        claim=claim,
        conclusion=conclusion,
        effect=f"{counted}: difference {text}",
        n=f"{sizes[0]} and {sizes[1]} runs",
        equal=held_equal(*matched),
        rule=f"Collapse rule fixed beforehand. Supported if the {numbers.LEVEL_TEXT} score interval of the "
        f"difference of the rates lies above 0 and Fisher's exact p is below {numbers.plain(ALPHA)}, refuted if it "
        "lies below 0 and p is.",
        note=" ".join(bounds),
        sentence=f"{claim.rstrip('.')}: {conclusion}, {says}.",
        question="stability",
        pair=(matched[0].label, matched[1].label),
        estimate=gap,
        unit="points",
        holds=(0.0, inf),
        p=p,
    )


def _more_often(events: Sequence[int], sizes: Sequence[int], gap: Estimate, p: float) -> tuple[Conclusion, str]:
    """The conclusion, and why there is none as a clause."""
    if min(sizes) < LEAST_RUNS:
        return "undecidable", f"{min(sizes)} finished runs of a cell, the rule needs {LEAST_RUNS}"
    if not any(events):
        return "undecidable", "floor: no run of either cell collapsed"
    if list(events) == list(sizes):
        return "undecidable", "ceiling: every run of both cells collapsed"
    return (_side(gap, 0.0) if p < ALPHA else "inconclusive"), ""


def _side(estimate: Estimate, threshold: float) -> Conclusion:
    if estimate.low is not None and estimate.low > threshold:
        return "supported"
    return "refuted" if estimate.high is not None and estimate.high < threshold else "inconclusive"


def spread(cells: Sequence[Cell]) -> list[Finding]:
    """stability.spread"""
    identifier, matched = "stability.spread", matched_pair(cells, VERIFIER)
    names = [display(c) for c in matched] if matched else ["PPO", "GRPO"]
    claim = f"{names[0]}'s final pass@1 varies more over seeds than {names[1]}'s."
    if matched is None or (values := pair(*matched, final_score)) is None:
        return [not_tested(identifier, claim, NO_PAIR)]
    found, n = variance_ratio(values.a, values.b), len(values.seeds)
    ratio, p = found or (None, None)
    conclusion: Conclusion = "undecidable"
    if n < LEAST_SEEDS:
        reason = f"{numbers.count(n, 'paired seed')}, the rule needs {LEAST_SEEDS}"
    elif ratio is None:
        reason = "a cell has no spread over its seeds"
    else:
        conclusion, reason = _side(ratio, 1.0), ""
    text = f"variance ratio {numbers.with_interval(ratio, numbers.factor)}" if ratio else f"no ratio (n = {n})"
    deviations = [f"{100 * float(np.std(v, ddof=1)):.1f}" for v in (values.a, values.b)] if n > 1 else ["unknown"] * 2
    says = f"the ratio of variances is {numbers.with_interval(ratio, numbers.factor)}" if ratio else text
    return [
        Finding(
            id=identifier,
            claim=claim,
            conclusion=conclusion,
            effect=f"{text}; standard deviations {deviations[0]} and {deviations[1]} points",
            n=values.n,
            equal=held_equal(*matched),
            rule=f"Supported if the {numbers.LEVEL_TEXT} F interval of the ratio of variances lies above 1, refuted if "
            f"below; from {LEAST_SEEDS} seeds on. Score: {FINAL_SCORE}.",
            sentence=f"{claim.rstrip('.')}: {conclusion}, {f'{reason} ({says})' if reason else says}.",
            question="stability",
            pair=(matched[0].label, matched[1].label),
            estimate=ratio,
            scale="ratio",
            holds=(1.0, inf),
            p=p,
        )
    ]
