"""Claims about what training does: stability (c), accuracy, group signal (e), many samples (h).

Rules and thresholds were fixed before any data.  accuracy and c.collapse are asked of each matched pair whose reward
can teach something, once per treatment (treatments.py); the others of the pair with the verifier.  What a reward
other than the verifier does (f) is in claims_hacking.py.
c.collapse    PPO collapses more often than GRPO (matched pair, the rule of collapse.py): supported if the 95 % score
              interval of the difference of the rates lies above 0, refuted if below COLLAPSE_MARGIN.
c.spread      PPO's final pass@1 varies more over seeds: supported if the F interval of the variance ratio lies above
              1, refuted if below.  Three seeds decide neither, short of a miracle; that is not a defect of the rule.
accuracy      PPO and GRPO end alike, within EQUAL: supported by TOST at .05, refuted if the 95 % interval lies outside.
e             At most SILENT of GRPO's groups, over the whole run, have equal rewards and so no signal: supported if
              the interval of the share lies below, refuted if above.
h             GRPO is better at pass@k and maj@k: as accuracy, one-sided; refuted if better by less than EQUAL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.stats import fisher_exact

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.reward_setting import RANDOM, VERIFIER, treatment
from rlvr_bench.reports.claims.verdict import Verdict, decide_above, decide_same, not_tested, pair, rng
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.collapse import collapse_events
from rlvr_bench.reports.measures.runs import final_score, first_and_last_quarter
from rlvr_bench.reports.stats import (
    mean_estimate,
    paired_difference,
    probability_of_improvement,
    share_difference,
    t_test,
    variance_ratio,
    zero_event_upper,
)

COLLAPSE_MARGIN = 0.10
EQUAL = 0.02
SILENT = 0.5
NO_PAIR = "it needs PPO and GRPO cells with one reward, whose models differ by the critic alone, both finished."


def learning_claims(cells: Sequence[Cell]) -> list[Verdict]:
    matched = matching.matched_pair(cells, VERIFIER)
    teaching = [p for p in matching.matched_pairs(cells) if treatment(p[0]).source != RANDOM]
    return [
        *(_accuracy(p) for p in teaching or [None]),
        *(_collapse(p) for p in teaching or [None]),
        _spread(matched),
        _silent_groups(cells),
        *_many_samples(matched),
    ]


def _with(matched: tuple[Cell, Cell] | None) -> str:
    return f"with {treatment(matched[0]).phrase}" if matched else "with a verifier"


def _accuracy(matched: tuple[Cell, Cell] | None) -> Verdict:
    claim = f"{_with(matched).capitalize()}, PPO and GRPO end at one held-out pass@1, within {100 * EQUAL:g} points."
    if matched is None or (values := pair(*matched, final_score)) is None:
        return not_tested("accuracy", claim, NO_PAIR)
    difference = paired_difference(values.b, values.a, rng())
    outcome, p = decide_same(difference, np.subtract(values.b, values.a), EQUAL)
    text = numbers.with_interval(difference, numbers.points, "points")
    better = probability_of_improvement(values.b, values.a)
    return Verdict(
        "accuracy",
        claim,
        outcome,
        f"GRPO less PPO: {text}",
        values.n,
        held_equal(*matched),
        "Supported if two one-sided t tests at .05 put the difference inside the margin, refuted if the 95 % interval "
        "lies outside. Score: mean of the last 3 evaluations.",
        f"Probability that a GRPO seed beats a PPO seed: {better:.2f} (n = {len(values.a)} by {len(values.b)}).",
        f"GRPO's final pass@1 less PPO's: {_with(matched)} {text}.",
        estimate=difference,
        p=p,
    )


def _collapse(matched: tuple[Cell, Cell] | None) -> Verdict:
    claim = f"{_with(matched).capitalize()}, PPO collapses more often than GRPO."
    if matched is None or not all(c.finished for c in matched):
        return not_tested("c.collapse", claim, NO_PAIR)
    sizes = [len(c.finished) for c in matched]
    events = [sum(bool(collapse_events(r)) for r in c.finished) for c in matched]
    gap = share_difference(events[0], sizes[0], events[1], sizes[1])
    outcome = decide_above(gap, 0.0)
    if outcome != "supported":
        outcome = "refuted" if gap.high is not None and gap.high < COLLAPSE_MARGIN else "inconclusive"
    bounds = [
        f"0 of {n} only bounds the rate of {c.label} below {numbers.percent(zero_event_upper(n))}."
        for c, n, k in zip(matched, sizes, events, strict=True)
        if k == 0
    ]
    text = numbers.with_interval(gap, numbers.points, "points")
    counted = f"PPO {events[0]} of {sizes[0]}, GRPO {events[1]} of {sizes[1]}"
    table = [[events[0], sizes[0] - events[0]], [events[1], sizes[1] - events[1]]]
    return Verdict(
        "c.collapse",
        claim,
        outcome,
        f"{counted}: difference {text}",
        f"{sizes[0]} and {sizes[1]} runs",
        held_equal(*matched),
        "Collapse rule fixed beforehand. Supported if the 95 % score interval of the difference of the rates lies "
        f"above 0, refuted if below {numbers.percent(COLLAPSE_MARGIN)}.",
        " ".join(bounds),
        f"Collapsed runs: {_with(matched)} {counted}, a difference of {text}.",
        estimate=gap,
        p=float(fisher_exact(table).pvalue),
    )


def _spread(matched: tuple[Cell, Cell] | None) -> Verdict:
    claim = "PPO's final pass@1 varies more over seeds than GRPO's."
    if matched is None or (values := pair(*matched, final_score)) is None:
        return not_tested("c.spread", claim, NO_PAIR)
    rule = "Supported if the 95 % F interval of the ratio of variances lies above 1, refuted if below."
    found = variance_ratio(values.a, values.b)
    if found is None:
        note = "A variance ratio needs two seeds at least and some spread in both cells."
        text = f"no ratio (n = {len(values.a)})"
        return Verdict("c.spread", claim, "inconclusive", text, values.n, held_equal(*matched), rule, note)
    ratio, p = found
    text = numbers.with_interval(ratio, numbers.factor)
    return Verdict(
        "c.spread",
        claim,
        decide_above(ratio, 1.0),
        f"variance ratio {text}; standard deviations {np.std(values.a, ddof=1):.3f} and {np.std(values.b, ddof=1):.3f}",
        values.n,
        held_equal(*matched),
        rule,
        estimate=ratio,
        p=p,
    )


def _silent_groups(cells: Sequence[Cell]) -> Verdict:
    claim = f"At most {SILENT:.0%} of GRPO's groups have all-equal rewards, that is, no signal, over the whole run."
    name = "rollout/zero_std_groups"
    cell = next((c for c in cells if matching.algorithm(c) == "grpo" and matching.is_plain(c, VERIFIER)), None)
    series = [s for r in cell.finished if (s := [(t, v) for t, v in r.series(name) if t > 0])] if cell else []
    if cell is None or not series:
        return not_tested("e", claim, "it needs a finished GRPO cell with the verifier.")
    shares = [float(np.mean([v for _, v in s])) for s in series]
    estimate = mean_estimate(shares, rng(), bounds=(0.0, 1.0))
    outcome = {"supported": "refuted", "refuted": "supported"}.get(decide_above(estimate, SILENT), "inconclusive")
    text = numbers.with_interval(estimate, numbers.percent)
    ends = [q for s in series if (q := first_and_last_quarter(s))]
    growth = (
        f"First quarter of the steps {numbers.percent(float(np.mean([a for a, _ in ends])))}, last quarter "
        f"{numbers.percent(float(np.mean([b for _, b in ends])))} (means, n = {len(ends)}). "
        if ends
        else ""
    )
    return Verdict(
        "e",
        claim,
        outcome,
        text,
        numbers.count(len(shares), "seed"),
        "one cell, nothing compared",
        f"Supported if the 95 % interval of the share lies below {SILENT:.0%}, refuted if above.",
        f"{growth}Whether the mean is the better baseline would need gradient variances, which are not recorded.",
        f"On average {text} of GRPO's groups had equal rewards and gave no signal.",
        estimate=estimate,
        p=t_test(shares, SILENT) if estimate.known else None,
    )


def _many_samples(matched: tuple[Cell, Cell] | None) -> list[Verdict]:
    return [_many(matched, kind) for kind in ("pass", "maj")]


def _many(matched: tuple[Cell, Cell] | None, kind: str) -> Verdict:
    runs = [r for c in matched or () for r in c.finished]
    names = {n for r in runs for row in r.metrics for n in row}
    sizes = [int(m[1]) for n in names if (m := re.fullmatch(rf"eval/{kind}@(\d+)", n)) and int(m[1]) > 1]
    k = max(sizes, default=None)
    claim = f"GRPO ends with a better {kind}@{k or 'k'} than PPO, by {100 * EQUAL:g} points or more."
    metric = f"eval/{kind}@{k}"
    if matched is None or k is None or (values := pair(*matched, partial(final_score, metric=metric))) is None:
        return not_tested(f"h.{kind}@k", claim, f"it needs {kind}@k, k > 1, of a matched pair of cells.")
    difference = paired_difference(values.b, values.a, rng())
    text = numbers.with_interval(difference, numbers.points, "points")
    return Verdict(
        f"h.{kind}@k",
        claim,
        decide_above(difference, EQUAL),
        f"GRPO less PPO: {text}",
        values.n,
        held_equal(*matched),
        "Supported if the 95 % interval of the difference lies above the margin, refuted if below it.",
        estimate=difference,
        p=t_test(np.subtract(values.b, values.a), EQUAL) if difference.known else None,
    )
