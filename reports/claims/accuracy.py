"""Whether two algorithms that differ by the critic end at one accuracy is judged here, for each reward that teaches.

accuracy.final   The algorithm without a critic and the one with it end at one held-out pass@1, within MARGIN: an
                 equivalence.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.matching import Pair, described, display, teaching_pairs
from rlvr_bench.reports.cells.pairing import Paired, pair
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.claims.judged import Proposition, accuracy_limits, describe
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import FINAL_SCORE, PASS, final_score
from rlvr_bench.reports.stats import probability_of_improvement

ID = "accuracy.final"
MARGIN = 0.02  # of every claim about the size of a difference of accuracies
MARGIN_TEXT = f"{100 * MARGIN:g} points"
NO_PAIR = "it needs two algorithms with one reward, whose models differ by the critic alone, both finished."


def final(cells: Sequence[Cell]) -> list[Finding]:
    """accuracy.final"""
    pairs = teaching_pairs(cells)
    return [_final(p, described(p, pairs)) for p in pairs] or [_no_pair("With a verifier, PPO and GRPO")]


def _no_pair(who: str) -> Finding:
    return not_tested(ID, f"{who} end at one held-out pass@1, within {MARGIN_TEXT}.", NO_PAIR)


def _final(matched: Pair, reward: str) -> Finding:
    critic, free = matched
    who = f"{reward[0].upper()}{reward[1:]}, {display(free)} and {display(critic)}"
    if (values := pair(free, critic, final_score)) is None:
        return _no_pair(who)
    proposition = Proposition(
        id=ID,
        claim=f"{who} end at one held-out pass@1, within {MARGIN_TEXT}.",
        question="accuracy",
        kind="equivalent",
        margin=MARGIN,
        pair=(free.label, critic.label),
        unit="points",
        limits=accuracy_limits(matched, PASS),
    )
    better = probability_of_improvement(values.a, values.b)
    note = (
        f"Probability that a run of {display(free)} ends above one of {display(critic)}: {better:.2f} "
        f"(n = {len(values.a)} by {len(values.b)}).{correlation_note(values)}"
    )
    return describe(proposition, values, equal=held_equal(*matched), rule=f"Score: {FINAL_SCORE}.", note=note)


def correlation_note(values: Paired) -> str:
    """What pairing by seed achieved, as a sentence behind another; empty where it is not known."""
    found = values.correlation
    return "" if found is None else f" Correlation of the pairs: {found:.2f}."
