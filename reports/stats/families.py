"""Corrections for several tests: over the hypotheses that a suite named beforehand, and over nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rlvr_bench.reports.stats.estimate import ALPHA
from rlvr_bench.reports.stats.judging import Judgment, Outcome


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """An outcome as the page states it."""

    outcome: Outcome
    reason: str
    primary: bool
    p: float
    p_holm: float | None  # None where descriptive: nothing is corrected there, and nothing there corrects others


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given; each is compared with alpha itself."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, running = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted


def verdicts(judgments: Mapping[str, Judgment], primary: Collection[str]) -> dict[str, Verdict]:
    """Holm over the primary hypotheses alone; a conclusion of theirs that does not survive is inconclusive.

    The family is what was named beforehand, so the undecidable keep their place in it (with p = 1): a correction must
    not get milder because a study failed.  Descriptive tests keep the outcome of their own interval.

    Args:
        judgments: of every test, by id.
        primary: ids of the family.
    Raises:
        ValueError: a primary hypothesis has no judgment.
    """
    if missing := sorted(set(primary) - set(judgments)):
        raise ValueError(f"no judgment of the primary hypotheses {', '.join(missing)}")
    family = sorted(set(primary))
    corrected = dict(zip(family, holm([judgments[i].p for i in family]), strict=True))
    return {i: _verdict(judgment, corrected.get(i)) for i, judgment in judgments.items()}


def _verdict(judgment: Judgment, p_holm: float | None) -> Verdict:
    outcome, reason = judgment.outcome, judgment.reason
    if outcome in ("supported", "refuted") and p_holm is not None and p_holm >= ALPHA:
        reason = f"{reason}; alone that is {outcome}, but it does not survive Holm's correction"
        outcome = "inconclusive"
    return Verdict(outcome=outcome, reason=reason, primary=p_holm is not None, p=judgment.p, p_holm=p_holm)
