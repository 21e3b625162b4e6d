"""The answer to "PPO or GRPO, here?" is put together here: three sentences, their scope, and what is not known.

Every number comes from a finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlvr_bench.reports.claims.finding import Finding, Question
from rlvr_bench.reports.load import Study


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Plain sentences."""

    accuracy: str
    cost: str
    memory: str
    scope: str
    unknown: tuple[str, ...]


def answer(study: Study, found: Sequence[Finding]) -> Answer:
    """From the primary findings where there are any, else from the descriptive ones."""
    return Answer(
        accuracy=_sentence(found, ("accuracy",), "Nothing is known about accuracy: no two cells were compared."),
        cost=_sentence(found, ("cost", "budget"), "Nothing is known about cost: no two cells were timed."),
        memory=_sentence(found, ("memory",), "Nothing is known about memory: no two cells were measured."),
        scope=_scope(study),
        unknown=tuple(f.sentence or f.claim for f in found if f.conclusion in ("inconclusive", "undecidable")),
    )


def _sentence(found: Sequence[Finding], questions: tuple[Question, ...], without: str) -> str:
    told = [f for f in found if f.question in questions and f.tested and f.sentence]
    chosen = [f for f in told if f.primary] or told[:1]
    return " ".join(f.sentence for f in chosen) or without


def _scope(study: Study) -> str:
    parts = "; ".join(part.title for part in study.manifest.parts)
    return f"{parts}. {sum(r.finished for r in study.runs)} of {len(study.runs)} planned runs finished."
