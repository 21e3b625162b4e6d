"""Verifier of answers that are one string: compared character by character."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rlvr_bench.rewards.answer_region import tagged_answer
from rlvr_bench.rewards.types import PASS, Verdict, Verifier, wrong


class ExactAnswer(Verifier):
    """The tagged answer equals the target."""

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        """`pass`, `wrong` or `no_answer`.

        Args:
            targets: strings without white space around them.
        Raises:
            TypeError: a target that is no string.
        """
        return [_verdict(completion, target) for completion, target in zip(completions, targets, strict=True)]


def _verdict(completion: str, target: Any) -> Verdict:
    if not isinstance(target, str):
        raise TypeError(f"the target of an exact answer is a string, got {target!r}")
    answer = tagged_answer(completion)
    if answer is None:
        return wrong(outcome="no_answer")
    return PASS if answer == target else wrong(f"answered {answer[:80]!r}")
