"""The code in a completion is its last complete fenced block."""

from __future__ import annotations

import re

from rlvr_bench.rewards.answer_region import answer_region

MAX_CODE_CHARS = 1 << 18

_OPENING = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,})[^`]*")


def last_block(completion: str) -> str | None:
    """Content of the last complete ``` block outside the reasoning; None if there is none.

    A fence has a line of its own, as in CommonMark: ``` inside a line of code closes nothing, and a block that is
    never closed is not complete.  The indentation of the opening fence is removed from each line.
    """
    region = answer_region(completion)
    if region is None:
        return None
    block: str | None = None
    lines: list[str] | None = None
    fence, indent = "", 0
    for line in region.split("\n"):
        bare = line.strip(" \t\r")
        if lines is None:
            opening = _OPENING.fullmatch(line.rstrip("\r"))
            if opening is not None:
                lines, fence, indent = [], opening["fence"], len(opening["indent"].expandtabs(4))
        elif bare.startswith(fence) and not bare.strip("`") and _indentation(line) <= indent + 3:
            block, lines = "\n".join(lines) + "\n", None
        else:
            lines.append(line[min(indent, len(line) - len(line.lstrip(" "))) :])
    return block


def _indentation(line: str) -> int:
    return len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip(" "))
