"""Verifier of the strict shape `<think>T</think> <answer>A</answer>`, independent of correctness.

Every step is one linear scan, without a backtracking pattern: the policy chooses the completions, and one that
takes quadratic time would stall the run.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rlvr_bench.rewards.answer_region import ASCII_WHITE_SPACE
from rlvr_bench.rewards.types import PASS, Verdict, Verifier, wrong

# Only the start of a tag: a pattern that also looked for the closing `>` would rescan the rest of the text
# from each start.  A completion that ends in `</answer>` always has a `>` after it anyway.
_TAG_START = re.compile(r"<[/ ]*(?:think|answer)\b", re.IGNORECASE)
_OPEN, _CLOSE = "<think>", "</think>"
_ANSWER_OPEN, _ANSWER_CLOSE = "<answer>", "</answer>"


def format_error(completion: str) -> str | None:
    """What is wrong with the shape of a completion; None if nothing is."""
    text = completion.strip(ASCII_WHITE_SPACE)
    if not text.startswith(_OPEN):
        return "does not start with <think>"
    if not text.endswith(_ANSWER_CLOSE):
        return "does not end with </answer>"
    close = text.find(_CLOSE)
    if close < 0:
        return "<think> is never closed"
    if not text[len(_OPEN) : close].strip():
        return "the reasoning is blank"
    rest = text[close + len(_CLOSE) :].lstrip(ASCII_WHITE_SPACE)
    if not rest.startswith(_ANSWER_OPEN):
        return "<answer> does not follow </think>"
    if not rest[len(_ANSWER_OPEN) : -len(_ANSWER_CLOSE)].strip():
        return "the answer is blank"
    tags = sum(1 for _ in _TAG_START.finditer(text))
    return None if tags == 4 else f"{tags} think or answer tags instead of 4"


class Format(Verifier):
    """The shape alone; targets are ignored."""

    form = "<think>THOUGHTS</think> <answer>ANSWER</answer>"

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        """`pass`, or `wrong` with the first departure from the shape as the detail."""
        if len(completions) != len(targets):
            raise ValueError(f"{len(completions)} completions, {len(targets)} targets")
        errors = [format_error(completion) for completion in completions]
        return [PASS if error is None else wrong(error) for error in errors]
