"""Every claim under test, with the verdict of this study or the reason why it cannot speak to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rlvr_bench.reports.claims.cost import cost_claims
from rlvr_bench.reports.claims.hacking import hacking_claims, verifier_note
from rlvr_bench.reports.claims.learning import learning_claims
from rlvr_bench.reports.claims.verdict import Verdict, adjust, not_tested
from rlvr_bench.reports.load import Cell, Study

VERIFIER_CLAIM = "Verifiable rewards are noise-free and cannot be hacked."
OUT_OF_REACH = (
    not_tested(
        "c.sensitivity",
        "PPO is more sensitive to its hyper-parameters than GRPO.",
        "it needs the same search budget over hyper-parameters for both; every cell here has one setting.",
    ),
    not_tested(
        "d",
        "The critic is noisy on long chains.",
        "it needs Monte-Carlo continuations by token position and chain length to hold the critic's values against.",
    ),
    not_tested(
        "g",
        "Growing length and reflection need GRPO; PPO fails on long sequences.",
        "it needs long completions, and KL placement and aggregation crossed with the algorithm.",
    ),
    not_tested(
        "i",
        "GRPO communicates less.",
        "it needs bytes counted in a run over several processes; each cell here ran in one.",
    ),
)


def verdicts(study: Study) -> tuple[Verdict, ...]:
    """In the order of their ids within each part, those that need another study last.

    Costs are judged on the parts made to measure them, and on learning parts only where there is no such part.
    """
    learning, systems = study.parts("learning"), study.parts("systems")
    found = []
    for part in systems or learning:
        found += [replace(v, part=part.title) for v in cost_claims(study.cells(part))]
    for part in learning:
        found += [replace(v, part=part.title) for v in _learning(study.cells(part))]
    if not learning:
        found += [replace(v, note="this study has no learning part.") for v in _learning(())]
    cells = [c for part in learning for c in study.cells(part)]
    unreached = (not_tested("f.verifier", VERIFIER_CLAIM, verifier_note(cells)), *OUT_OF_REACH)
    found = [replace(v, part="") if v.outcome == "not tested" else v for v in found]
    return adjust((*sorted(found, key=lambda v: v.outcome == "not tested"), *unreached))


def _learning(cells: Sequence[Cell]) -> list[Verdict]:
    """By id; those of one id stay in the order of the cells."""
    return sorted([*learning_claims(cells), *hacking_claims(cells)], key=lambda v: v.id)


def unique_untested(found: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """Claims not tested in any part, each once, by id."""
    spoken = {v.id for v in found if v.outcome != "not tested"}
    untested = {v.id: v for v in found if v.outcome == "not tested" and v.id not in spoken}
    return tuple(untested[i] for i in sorted(untested))
