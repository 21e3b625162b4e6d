"""Verifier of answers that are one string: compared character by character."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rlvr_bench.rewards.answer_region import tagged_answer
from rlvr_bench.rewards.types import PASS, Verdict, wrong


class ExactAnswer:
    """Verifier: the tagged answer equals the target, character by character."""

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        """`pass`, `wrong` or `no_answer`.  Targets are strings, already stripped."""
        return [_judge(completion, target) for completion, target in zip(completions, targets, strict=True)]

    def answer(self, completion: str) -> str | None:
        """What a majority vote counts."""
        return tagged_answer(completion)

    def close(self) -> None:
        """Nothing to release."""


def _judge(completion: str, target: Any) -> Verdict:
    if not isinstance(target, str):
        raise TypeError(f"the target of an exact answer is a string, got {target!r}")
    answer = tagged_answer(completion)
    if answer is None:
        return wrong(outcome="no_answer")
    return PASS if answer == target else wrong(f"answered {answer[:80]!r}")
