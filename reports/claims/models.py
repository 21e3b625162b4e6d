"""How many models an algorithm keeps is judged here.

As worded, "PPO keeps four models, GRPO two" is about the algorithms, so it is judged at one reward source: supported
if a matched pair differs by two models, refuted if by another number, inconclusive without a pair.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.load import Cell

ID = "models.count"
CLAIM = "PPO keeps four models and GRPO two."
RULE = "Exact count; judged at one reward source: supported if PPO keeps two models more, refuted otherwise."


def count(cells: Sequence[Cell]) -> list[Finding]:
    """models.count"""
    known = [c for c in cells if c.roles]
    if not {"ppo", "grpo"} <= {matching.algorithm(c) for c in known}:
        return [not_tested(ID, CLAIM, "it needs a PPO and a GRPO cell whose models were built.")]
    labels_of: dict[tuple[str, ...], list[str]] = {}
    for cell in known:
        labels_of.setdefault(tuple(sorted(cell.roles)), []).append(cell.label)
    kept = "; ".join(f"{' and '.join(labels)}: {len(r)} ({', '.join(r)})" for r, labels in labels_of.items())
    effect = f"{kept} (exact)"
    matched = matching.matched_pair(cells)
    if matched is None:
        note = "Without PPO and GRPO at one reward source the reward model cannot be separated from the algorithm."
        return [
            Finding(id=ID, claim=CLAIM, conclusion="inconclusive", effect=effect, n="exact", equal="no matched pair",
                    rule=RULE, note=note)
        ]  # fmt: skip
    ppo, grpo = (len(c.roles) for c in matched)
    sizes = "; ".join(f"{role} {states.parameters:,}" for role, states in sorted(matched[0].roles.items()))
    return [
        Finding(
            id=ID,
            claim=CLAIM,
            conclusion="supported" if ppo - grpo == 2 else "refuted",
            effect=effect,
            n="exact",
            equal=held_equal(*matched),
            rule=RULE,
            note="The reward model is a choice of reward, open to either algorithm; what the algorithm adds is the "
            f"critic. Parameters by role, {matched[0].label}: {sizes}.",
            sentence=f"At the same reward source PPO keeps {ppo} models and GRPO {grpo} (exact): the difference that "
            "belongs to the algorithm is the critic.",
        )
    ]
