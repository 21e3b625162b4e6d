"""How many models an algorithm keeps is stated here.  It follows from the definitions, so nothing is tested.

models.count   As worded, "PPO keeps four models, GRPO two" is about the algorithms, so it is counted at one reward
               source, where the reward model is on both sides or on neither.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.load import Cell

ID = "models.count"
CLAIM = "PPO keeps four models and GRPO two."
RULE = "Exact count of the models that were held; arithmetic, no test."


def count(cells: Sequence[Cell]) -> list[Finding]:
    """models.count"""
    known = [c for c in cells if c.roles]
    with_critic = [c for c in known if "critic" in c.roles]
    if not with_critic or len(with_critic) == len(known):
        return [not_tested(ID, CLAIM, "it needs a cell with a critic and one without, whose models were built.")]
    labels_of: dict[tuple[str, ...], list[str]] = {}
    for cell in known:
        labels_of.setdefault(tuple(sorted(cell.roles)), []).append(cell.label)
    kept = "; ".join(f"{' and '.join(labels)}: {len(r)} ({', '.join(r)})" for r, labels in labels_of.items())
    matched = matching.matched_pair(cells)
    if matched is None:
        note = "Without two algorithms at one reward source the reward model cannot be separated from the algorithm."
        return [_finding(kept, "no matched pair", note, f"{CLAIM.rstrip('.')}: arithmetic, here {kept}.")]
    critic, free = matched
    sizes = "; ".join(f"{role} {states.parameters:,}" for role, states in sorted(critic.roles.items()))
    note = (
        "The reward model is a choice of reward, open to either algorithm; what the algorithm adds is the critic. "
        f"Parameters by role, {critic.label}: {sizes}."
    )
    sentence = (
        f"{CLAIM.rstrip('.')}: arithmetic, at the same reward source {matching.display(critic)} keeps "
        f"{len(critic.roles)} models and {matching.display(free)} {len(free.roles)}; the difference is the critic."
    )
    return [_finding(kept, held_equal(*matched), note, sentence)]


def _finding(kept: str, equal: str, note: str, sentence: str) -> Finding:
    return Finding(
        id=ID,
        claim=CLAIM,
        conclusion="arithmetic",
        effect=f"{kept} (exact)",
        n="exact",
        equal=equal,
        rule=RULE,
        note=note,
        sentence=sentence,
        question="memory",
    )
