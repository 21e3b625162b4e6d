"""Verifier of numeric answers: exact equality of rationals, however they are written."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from rlvr_bench.rewards.answer_region import ASCII_WHITE_SPACE, answer_region, tagged
from rlvr_bench.rewards.numbers import parse_number
from rlvr_bench.rewards.types import PASS, Verdict, Verifier, wrong


def numeric_answer(completion: str) -> str | None:
    """The text that should be one number; None if there is none.

    It is the last `<answer>` after the reasoning; without one, the rest of the line after the last `####`.
    """
    region = answer_region(completion)
    if region is None:
        return None
    answer = tagged(region)
    if answer is None:
        answer = region.rpartition("####")[2].partition("\n")[0] if "####" in region else ""
    return answer.strip(ASCII_WHITE_SPACE) or None


class Numeric(Verifier):
    """The answer is one plain number and equals the target, as rationals.

    Several candidates (`3 or 4`), and loose numbers outside the answer, are wrong.
    """

    form = "<answer>NUMBER</answer>, or #### NUMBER on the last line"

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        """`pass`, `wrong` or `no_answer`.

        Raises:
            ValueError: a target that is not one plain number.
        """
        return [_verdict(completion, _gold(target)) for completion, target in zip(completions, targets, strict=True)]

    @staticmethod
    def answer(completion: str) -> str | None:
        """Equal numbers are one answer, however they are written."""
        text = numeric_answer(completion)
        number = None if text is None else parse_number(text)
        return text if number is None else str(number)


def _gold(target: Any) -> Fraction:
    number = parse_number(target) if isinstance(target, str) else None
    if number is None:
        raise ValueError(f"the target of a numeric answer is a number in a string, got {target!r}")
    return number


def _verdict(completion: str, gold: Fraction) -> Verdict:
    answer = numeric_answer(completion)
    if answer is None:
        return wrong(outcome="no_answer")
    number = parse_number(answer)
    if number is None:
        return wrong(f"not a plain number: {answer[:80]!r}")
    return PASS if number == gold else wrong(f"answered {answer[:80]!r}")
