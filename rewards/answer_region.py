"""Where a completion gives its answer: after the reasoning, in `<answer>` tags if there are any."""

from __future__ import annotations

ASCII_WHITE_SPACE = " \t\n\r\f\v"


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
