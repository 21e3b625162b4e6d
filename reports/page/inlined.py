"""A figure becomes an address that holds the figure itself: an image of its own, so names inside cannot clash."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

PREFIX = "data:image/svg+xml,"
_LEFT_OUT = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", re.DOTALL)
_PATH = re.compile(r'(?<= d=")[^"]*')
_VALUE = re.compile(r'(?<= style=")[^"]*|(?<= transform=")[^"]*')
_PLACE = re.compile(r'( [xy]="-?\d*\.\d\d)\d+')
_DECIMALS = re.compile(r"(\.\d\d)\d+")
# Characters that need no escape, neither in an address nor in an attribute of a page.
_SAFE = "/:;=,.-_~!*()@$?[]|{}'^`"


def inlined(svg: Path) -> str:
    """The address of a figure, for `src`; smaller than the file."""
    return PREFIX + quote(compact(svg.read_text(encoding="utf-8")), safe=_SAFE)


def compact(text: str) -> str:
    """The same picture in fewer characters: coordinates to a hundredth of a point, no comments, short white space."""
    text = re.sub(r"\s+", " ", _LEFT_OUT.sub("", text)).replace("> <", "><").strip()
    text = _PLACE.sub(r"\1", text)
    return _VALUE.sub(lambda found: _close(found[0]), _PATH.sub(lambda found: _path(found[0]), text))


def _path(data: str) -> str:
    return re.sub(r" ?([A-Za-z]) ?", r"\1", _DECIMALS.sub(r"\1", data)).strip().replace(" ", ",")


def _close(value: str) -> str:
    return re.sub(r"(?<=[;:,)]) +", "", value.strip())
