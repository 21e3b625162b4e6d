"""The answer region of a completion, and the verifier that compares it with a string."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rlvr_bench.rewards.format import ASCII_WHITE_SPACE
from rlvr_bench.rewards.types import PASS, Verdict, wrong


def answer_region(completion: str) -> str | None:
    """The text after the last `</think>`; None if a `<think>` is left open there."""
    region = completion.rpartition("</think>")[2]
    return None if "<think>" in region else region


def tagged(region: str) -> str | None:
    """Content of the last complete `<answer>...</answer>`, stripped, perhaps empty; None if there is none."""
    start = region.rfind("<answer>", 0, max(region.rfind("</answer>"), 0))
    if start < 0:
        return None
    start += len("<answer>")
    return region[start : region.find("</answer>", start)].strip(ASCII_WHITE_SPACE)


def tagged_answer(completion: str) -> str | None:
    """The final answer between `<answer>` tags, outside the reasoning; None if there is none or it is blank."""
    region = answer_region(completion)
    return None if region is None else tagged(region) or None


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
