"""Controls of the reward are judged here: a random reward, and what would be needed to judge the verifier itself.

reward.random    A random reward does not raise true accuracy: final pass@1 less that of the base model, by cell.
                 Supported if the interval lies below +MARGIN, refuted if above; a fall supports it as well, since the
                 claim is only that there is nothing to be gained.
reward.verifier  Not tested by any study yet; the note says what this one shows all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.reports.cells.reward_setting import LEARNED, RANDOM, VERIFIER, reward_setting
from rlvr_bench.reports.claims.accuracy import MARGIN, MARGIN_TEXT
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.claims.judged import Proposition, alone, describe
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import FINAL_SCORE, gain

VERIFIER_CLAIM = "Verifiable rewards are noise-free and cannot be hacked."


def random(cells: Sequence[Cell]) -> list[Finding]:
    """reward.random"""
    claim = "A random reward does not raise true accuracy."
    chosen = [c for c in cells if reward_setting(c).source == RANDOM]
    return [_random(c) for c in chosen] or [not_tested("reward.random", claim, "no cell had a random reward.")]


def _random(cell: Cell) -> Finding:
    identifier = "reward.random"
    claim = f"A random reward does not raise true accuracy by {MARGIN_TEXT} or more ({cell.label})."
    changes = {r.seed: g for r in cell.finished if (g := gain(r)) is not None}
    if not changes:
        return not_tested(identifier, claim, "no finished run was evaluated before and after training.")
    proposition = Proposition(
        id=identifier,
        claim=claim,
        question="reward",
        kind="less",
        margin=0.0,
        center=MARGIN,
        unit="points",
        noun="the change",
    )
    return describe(
        proposition,
        alone(list(changes), list(changes.values())),
        equal="one cell, the base model against the end of training on the same held-out items",
        rule=f"Final pass@1 less that of the base model. Score: {FINAL_SCORE}.",
        note="A control: the reward says nothing about the answer. A fall supports the claim as well.",
    )


def verifier(cells: Sequence[Cell]) -> list[Finding]:
    """reward.verifier"""
    return [not_tested("reward.verifier", VERIFIER_CLAIM, _verifier_note(cells))]


def _verifier_note(cells: Sequence[Cell]) -> str:
    """Why the claim is not tested, and what the cells show all the same."""
    settings = [reward_setting(c) for c in cells]
    noisy = dict.fromkeys(s.title for s in settings if s.noisy)
    has_random = any(s.source == RANDOM for s in settings)
    missing = [] if noisy else ["verifiers with known error rates"]
    missing += ["a second judge of the verifier"] + ([] if has_random else ["a random-reward control"])
    text = f"it needs {' and '.join([', '.join(missing[:-1]), missing[-1]] if len(missing) > 1 else missing)}."
    has = ["a random-reward control (reward.random)"] if has_random else []
    if any(s.source == LEARNED for s in settings):
        has.append("learned reward models beside the verifier (reward.cost, reward.hacked)")
    if has:
        text += (
            f" This study has {' and '.join(has)}: they show what comes of a reward that is not the verifier, and "
            "nothing of the verifier's own faults."
        )
    if noisy:
        text += (
            f" It also has known error rates ({'; '.join(noisy)}): errors fixed by a hash of completion and "
            "target, without the pattern that a verifier's own errors have."
        )
    if any(s.source == VERIFIER and not s.noisy for s in settings):
        text += (
            " Where a policy is trained on the verifier, the trained and the true reward are one number by "
            "construction: that they agree is no evidence."
        )
    return text
