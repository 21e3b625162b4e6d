"""The answer of a mathematical completion: tagged or boxed."""

from __future__ import annotations

import re

from rlvr_bench.rewards.answer_region import ASCII_WHITE_SPACE, answer_region, tagged
from rlvr_bench.rewards.numbers import MAX_CHARS

_MARK = re.compile(r"\\boxed\{|\\.|[{}]", re.DOTALL)


def last_box(text: str) -> str | None:
    """Content of the last complete outermost `\\boxed{...}`; None if there is none.  Linear time."""
    opened: list[int] = []  # where the content of a box begins, -1 for a plain brace
    found: tuple[int, int] | None = None
    for match in _MARK.finditer(text):
        mark = match.group()
        if mark == "{":
            opened.append(-1)
        elif mark == "\\boxed{":
            opened.append(match.end())
        elif mark == "}" and opened:
            start = opened.pop()
            # A box still open here contains this one and closes later, so the last box to close is outermost.
            found = (start, match.start()) if start >= 0 else found
    return None if found is None else text[found[0] : found[1]]


def math_answer(completion: str) -> str | None:
    """The final answer: in `<answer>` tags (a box there, else all of it), else the last box; None if there is none.

    Nested boxes are removed.  An answer that is blank or longer than a thousand characters is none.
    """
    region = answer_region(completion)
    if region is None:
        return None
    answer = tagged(region)
    if answer is None:
        answer = last_box(region)
    else:
        boxed = last_box(answer)
        answer = answer if boxed is None else boxed
    if answer is None or len(answer) > MAX_CHARS:
        return None
    return answer.replace("\\boxed{", "{").strip(ASCII_WHITE_SPACE) or None
