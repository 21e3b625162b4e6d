"""Whether PPO is the less stable of the two is judged here: collapses, and the spread over seeds.

stability.collapse  PPO collapses more often than GRPO (each matched pair whose reward can teach something, the rule
                    of measures/collapse.py): supported if the score interval of the difference of the rates lies
                    above 0, refuted if below COLLAPSE_MARGIN.
stability.spread    PPO's final pass@1 varies more over seeds (the pair with the verifier): supported if the F
                    interval of the variance ratio lies above 1, refuted if below.  Three seeds can hardly decide
                    either; that is not a defect of the rule.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.matching import Pair, matched_pair, teaching_pairs, with_reward
from rlvr_bench.reports.cells.pairing import pair
from rlvr_bench.reports.cells.reward_setting import VERIFIER
from rlvr_bench.reports.claims.accuracy import NO_PAIR
from rlvr_bench.reports.claims.decide import decide_above
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import final_score
from rlvr_bench.reports.measures.collapse import collapse_events
from rlvr_bench.reports.stats import fisher_exact, share_difference, variance_ratio, zero_event_upper

COLLAPSE_MARGIN = 0.10


def collapse(cells: Sequence[Cell]) -> list[Finding]:
    """stability.collapse"""
    return [_collapse(p) for p in teaching_pairs(cells) or [None]]


def _collapse(matched: Pair | None) -> Finding:
    identifier, reward = "stability.collapse", with_reward(matched)
    claim = f"{reward.capitalize()}, PPO collapses more often than GRPO."
    if matched is None or not all(c.finished for c in matched):
        return not_tested(identifier, claim, NO_PAIR)
    sizes = [len(c.finished) for c in matched]
    events = [sum(bool(collapse_events(r)) for r in c.finished) for c in matched]
    gap = share_difference(events[0], sizes[0], events[1], sizes[1])
    conclusion = decide_above(gap, 0.0)
    if conclusion != "supported":
        conclusion = "refuted" if gap.high is not None and gap.high < COLLAPSE_MARGIN else "inconclusive"
    bounds = [
        f"0 of {n} only bounds the rate of {c.label} below {numbers.percent(zero_event_upper(n))}."
        for c, n, k in zip(matched, sizes, events, strict=True)
        if k == 0
    ]
    text = numbers.with_interval(gap, numbers.points, "points")
    counted = f"PPO {events[0]} of {sizes[0]}, GRPO {events[1]} of {sizes[1]}"
    return Finding(
        id=identifier,
        claim=claim,
        conclusion=conclusion,
        effect=f"{counted}: difference {text}",
        n=f"{sizes[0]} and {sizes[1]} runs",
        equal=held_equal(*matched),
        rule=f"Collapse rule fixed beforehand. Supported if the {numbers.LEVEL_TEXT} score interval of the difference "
        f"of the rates lies above 0, refuted if below {numbers.percent(COLLAPSE_MARGIN)}.",
        note=" ".join(bounds),
        sentence=f"Collapsed runs: {reward} {counted}, a difference of {text}.",
        estimate=gap,
        p=fisher_exact(events[0], sizes[0], events[1], sizes[1]),
    )


def spread(cells: Sequence[Cell]) -> list[Finding]:
    """stability.spread"""
    identifier, claim = "stability.spread", "PPO's final pass@1 varies more over seeds than GRPO's."
    matched = matched_pair(cells, VERIFIER)
    if matched is None or (values := pair(*matched, final_score)) is None:
        return [not_tested(identifier, claim, NO_PAIR)]
    rule = f"Supported if the {numbers.LEVEL_TEXT} F interval of the ratio of variances lies above 1, refuted if below."
    found = variance_ratio(values.a, values.b)
    if found is None:
        note = "A variance ratio needs two seeds at least and some spread in both cells."
        return [
            Finding(id=identifier, claim=claim, conclusion="inconclusive", effect=f"no ratio (n = {len(values.a)})",
                    n=values.n, equal=held_equal(*matched), rule=rule, note=note)
        ]  # fmt: skip
    ratio, p = found
    deviations = f"{np.std(values.a, ddof=1):.3f} and {np.std(values.b, ddof=1):.3f}"
    return [
        Finding(
            id=identifier,
            claim=claim,
            conclusion=decide_above(ratio, 1.0),
            effect=f"variance ratio {numbers.with_interval(ratio, numbers.factor)}; standard deviations {deviations}",
            n=values.n,
            equal=held_equal(*matched),
            rule=rule,
            estimate=ratio,
            p=p,
        )
    ]
