"""The claims are put in the order of the page here: those named before the runs, then the others by family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlvr_bench.reports import numbers
from rlvr_bench.reports.claims.finding import Finding, Question
from rlvr_bench.reports.page.links import Names

FAMILIES: dict[Question, str] = {
    "accuracy": "Accuracy",
    "budget": "Accuracy at one budget, and time to a target",
    "cost": "Time and computation",
    "memory": "Memory",
    "stability": "Stability",
    "critic": "The critic's values",
    "reward": "Rewards that are not the verifier",
    "length": "Length and self-checks",
}


@dataclass(frozen=True, kw_only=True)
class ShownClaim:
    """One finding as the page shows it."""

    anchor: str
    id: str
    conclusion: str
    sentence: str
    part: str  # empty where the study has one part
    facts: tuple[tuple[str, str], ...]  # (what, in words), folded


@dataclass(frozen=True, kw_only=True)
class Claims:
    """All findings of a study."""

    primary: tuple[ShownClaim, ...]
    families: tuple[tuple[str, tuple[ShownClaim, ...]], ...]  # (title, claims), those that are descriptive


def claims(found: Sequence[Finding], *, several_parts: bool, names: Names) -> Claims:
    """The findings that rest on records; those that none could speak to are not among them."""
    primary: list[ShownClaim] = []
    families: dict[str, list[ShownClaim]] = {}
    for f, anchor in anchors(found, names):
        into = primary if f.primary else families.setdefault(FAMILIES[f.question], [])
        into.append(_shown(f, several_parts, anchor))
    return Claims(primary=tuple(primary), families=tuple((title, tuple(mine)) for title, mine in families.items()))


def anchors(found: Sequence[Finding], names: Names) -> list[tuple[Finding, str]]:
    """The findings that rest on records in the order of the page, each with its place there."""
    tested = [f for f in found if f.tested]
    descriptive = [f for question in FAMILIES for f in tested if not f.primary and f.question == question]
    return [(f, names.unique(f"claim-{f.id}")) for f in [*(f for f in tested if f.primary), *descriptive]]


def _shown(f: Finding, several_parts: bool, anchor: str) -> ShownClaim:
    return ShownClaim(
        anchor=anchor,
        id=f.id,
        conclusion=f.conclusion,
        sentence=f.sentence or f"{f.claim} {f.effect}".strip(),
        part=f.part if several_parts else "",
        facts=_facts(f),
    )


def _facts(f: Finding) -> tuple[tuple[str, str], ...]:
    interval = f"effect, {numbers.whole_percent(f.level)} interval" if f.estimate and f.estimate.known else "effect"
    tests = [f"p = {numbers.p_value(f.p)}" if f.p is not None else ""]
    tests += [f"after Holm's correction {numbers.p_value(f.p_holm)}" if f.p_holm is not None else ""]
    facts = (
        ("claim", f.claim if f.sentence else ""),
        (interval, f.effect),
        ("n", f.n),
        ("rule", f.rule),
        (
            "power",
            "" if f.power is None else f"{numbers.whole_percent(round(f.power, 2))} if the truth is what was found",
        ),
        ("test", ", ".join(filter(None, tests))),
        ("held equal", f.equal),
        ("note", f.note),
    )
    return tuple((what, words) for what, words in facts if words)
