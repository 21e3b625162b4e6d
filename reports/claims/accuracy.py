"""Whether PPO and GRPO end at one accuracy is judged here, for each reward that can teach something.

Within MARGIN: supported by two one-sided tests (TOST), refuted if the interval lies outside.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.matching import Pair, teaching_pairs, with_reward
from rlvr_bench.reports.cells.pairing import pair
from rlvr_bench.reports.claims.decide import SAME_RULE, decide_same
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import FINAL_SCORE, final_score
from rlvr_bench.reports.stats import paired_difference, probability_of_improvement, rng

ID = "accuracy.final"
MARGIN = 0.02  # of every claim about the size of a difference of accuracies
MARGIN_TEXT = f"{100 * MARGIN:g} points"
NO_PAIR = "it needs PPO and GRPO cells with one reward, whose models differ by the critic alone, both finished."


def final(cells: Sequence[Cell]) -> list[Finding]:
    """accuracy.final"""
    return [_final(p) for p in teaching_pairs(cells) or [None]]


def _final(matched: Pair | None) -> Finding:
    reward = with_reward(matched)
    claim = f"{reward.capitalize()}, PPO and GRPO end at one held-out pass@1, within {MARGIN_TEXT}."
    if matched is None or (values := pair(*matched, final_score)) is None:
        return not_tested(ID, claim, NO_PAIR)
    difference = paired_difference(values.b, values.a, rng())
    conclusion, p = decide_same(difference, np.subtract(values.b, values.a), MARGIN)
    text = numbers.with_interval(difference, numbers.points, "points")
    better = probability_of_improvement(values.b, values.a)
    return Finding(
        id=ID,
        claim=claim,
        conclusion=conclusion,
        effect=f"GRPO less PPO: {text}",
        n=values.n,
        equal=held_equal(*matched),
        rule=f"{SAME_RULE} Score: {FINAL_SCORE}.",
        note=f"Probability that a GRPO seed beats a PPO seed: {better:.2f} (n = {len(values.a)} by {len(values.b)}).",
        sentence=f"GRPO's final pass@1 less PPO's: {reward} {text}.",
        estimate=difference,
        p=p,
    )
