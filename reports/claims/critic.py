"""Whether the critic is noisy on long chains is judged here, for each cell whose critic was probed.

critic.noise    In the part of the longest completions that the cell has, the critic's root mean squared error, over all
                probed states and steps of a run and without the noise of the Monte-Carlo values, exceeds the error of a
                group's mean on the same prompts: sqrt(p (1 - p) / G), which costs no critic.  Supported if the interval
                of the difference over seeds lies above 0, refuted if below.  Undecidable where a policy is always right
                or always wrong, or below three seeds.  Shorter parts of the same cell stand beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.pairing import Paired
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.claims.judged import Proposition, describe
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.values import by_seed, completion_tokens, over_seeds, probed

ID = "critic.noise"
CLAIM = "The critic is noisy on long chains."
NEEDS = "it needs Monte-Carlo continuations by token position and chain length to hold the critic's values against."
LEAST_GROUP = 0.01  # a group's mean with a smaller error says that the policy is always right or always wrong


def noise(cells: Sequence[Cell]) -> list[Finding]:
    """critic.noise"""
    by_name: dict[str, list[Cell]] = {}
    for cell in probed(cells):
        by_name.setdefault(cell.name, []).append(cell)
    return [_noise(sorted(of, key=completion_tokens)) for of in by_name.values()] or [not_tested(ID, CLAIM, NEEDS)]


def _noise(parts: Sequence[Cell]) -> Finding:
    """Of one cell in several parts, those with the longest completions last."""
    longest = parts[-1]
    found = by_seed(longest)
    values = Paired(tuple(found), tuple(e.error for e in found.values()), tuple(e.group for e in found.values()))
    label, part = one_line(longest.label), one_line(longest.part.title)
    tokens = round(completion_tokens(longest))
    proposition = Proposition(
        id=ID,
        claim=f"On the longest chains ({part}, {tokens} tokens) the critic of {label} errs more than a group's mean.",
        question="critic",
        kind="greater",
        margin=0.0,
        pair=(f"critic of {label}", "group's mean"),
    )
    silent = max(values.b) < LEAST_GROUP
    described = describe(
        proposition,
        values,
        equal="the same prompts and states of the same policies",
        rule="Root mean squared error over all probed states and steps of a run, the noise of the Monte-Carlo values "
        "taken out, against sqrt(p (1 - p) / G) on their prompts, as a root mean square.",
        note=" ".join(_beside(cell) for cell in reversed(parts)),
        blocked="the policy is always right or always wrong" if silent else "",
    )
    return replace(described, part=longest.part.title)


def _beside(cell: Cell) -> str:
    """The errors in one part, and what the critic explains there."""
    found = by_seed(cell)

    def text(number: str) -> str:
        return numbers.with_interval(over_seeds(found, lambda e: getattr(e, number)), numbers.share)

    return (
        f"{one_line(cell.part.title)} ({round(completion_tokens(cell))} tokens): critic {text('error')}, group's mean "
        f"{text('group')}, as an estimate of the states' own values {text('group_here')}; the critic explains "
        f"{text('explained')} of the variance of the true values."
    )
