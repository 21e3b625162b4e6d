"""The columns of a printed table get their widths here, so that no line of a two-column paper runs over.

A text is a row of pieces that cannot be broken.  Columns of numbers break only before a bracket; columns of texts at
spaces, behind the punctuation of long words and, where a word has none, inside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rlvr_bench.reports.numbers import ABSENT
from rlvr_bench.reports.page.latex.font_widths import text_width

# The article class with two columns; papers of 3.25 and 6.75 inches have more room.
COLUMN, TEXT = 229.0, 469.0  # points
GAP = 6.0  # points between two columns
SIZES = (9, 8, 7)  # points, the largest that fits is taken
LONG = 14  # letters of a word from which on it may be broken
STEP = 2.0  # points by which a column grows at a time

_UNIT = r"(?: %| [KMG]?i?B)?"
_NUMBER = re.compile(rf"[<+-]?\s?\.?\d[\d.,]*(?: of \d+)?{_UNIT}(?: \[[^\]]*\]{_UNIT})?(?: \([^)]*\))?$")
_NO_NUMBER = {"", ABSENT, "none", "all", "exact"}


@dataclass(frozen=True)
class Piece:
    """What cannot be broken, and whether a space stands before it."""

    text: str
    spaced: bool


Pieces = tuple[Piece, ...]


@dataclass(frozen=True)
class Column:
    """One column: its header first, then its cells."""

    numeric: bool
    cells: tuple[Pieces, ...]
    size: int  # of the font, in points

    @cached_property
    def low(self) -> float:
        """The narrowest width in points: the widest piece."""
        return max((_room(p.text, self.size) for pieces in self.cells for p in pieces), default=0.0)

    @cached_property
    def high(self) -> float:
        """The width in points at which no cell breaks; the header may."""
        return max(self.low, *(_room(joined(pieces), self.size) for pieces in self.cells[1:]), 0.0)

    def lines(self, width: float) -> tuple[int, ...]:
        """Lines of each cell at a width in points."""
        return tuple(_lines(pieces, self.size, width) for pieces in self.cells)


@dataclass(frozen=True)
class Layout:
    """How a table is printed."""

    wide: bool  # over both columns of the page
    size: int  # of the font, in points
    columns: tuple[Column, ...]
    widths: tuple[float, ...]  # of the columns, in points

    @property
    def heights(self) -> tuple[int, ...]:
        """Lines of the header and of each row."""
        of_columns = [c.lines(w) for c, w in zip(self.columns, self.widths, strict=True)]
        return tuple(max(of_row) for of_row in zip(*of_columns, strict=True))


def layout(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Layout:
    """The largest font at which nothing breaks, in one column of the page or in both; else a table with breaks.

    With more columns than fit even then, the widths are cut, and words stick out.
    """
    made = {size: _columns(head, rows, size) for size in SIZES}
    for wide, limit in ((False, COLUMN), (True, TEXT)):
        for size in SIZES[:2]:
            if sum(c.high for c in made[size]) <= _space(made[size], limit):
                return Layout(wide, size, made[size], tuple(c.high for c in made[size]))
    for size in SIZES[1:]:
        if sum(c.low for c in made[size]) <= _space(made[size], TEXT):
            return Layout(True, size, made[size], _share(made[size], _space(made[size], TEXT)))
    columns = made[SIZES[-1]]
    cut = _space(columns, TEXT) / sum(c.low for c in columns)
    return Layout(True, SIZES[-1], columns, tuple(c.low * cut for c in columns))


def joined(pieces: Pieces) -> str:
    """The text that the pieces were cut from."""
    return "".join(f" {p.text}" if p.spaced else p.text for p in pieces)


def _columns(head: Sequence[str], rows: Sequence[Sequence[str]], size: int) -> tuple[Column, ...]:
    columns = []
    for index, name in enumerate(head):
        cells = [row[index] for row in rows]
        numeric = any(c not in _NO_NUMBER for c in cells) and all(c in _NO_NUMBER or _NUMBER.match(c) for c in cells)
        cut = [_pieces(name, numeric=False), *(_pieces(c, numeric=numeric) for c in cells)]
        columns.append(Column(numeric, tuple(cut), size))
    return tuple(columns)


def _pieces(text: str, *, numeric: bool) -> Pieces:
    if numeric:
        found = re.split(r" (?=[\[(])", text)
        # What stands in round brackets is words.
        words = [w for part in found for w in (part.split(" ") if part.startswith("(") else [part])]
        return tuple(Piece(word, i > 0) for i, word in enumerate(words) if word)
    pieces: list[Piece] = []
    for word in re.split(r"\s+(?!%|[KMG]iB)", text.strip()):
        parts = _parts(word) if len(word) > LONG else [word]
        pieces += [Piece(part, bool(pieces) and i == 0) for i, part in enumerate(parts)]
    return tuple(pieces)


def _parts(word: str) -> list[str]:
    """A long word, cut behind its punctuation, and every LONG letters where it has none."""
    cut = [p for p in re.split(r"(?<=[a-zA-Z][._/:-])(?=[a-zA-Z])", word) if p]
    return [part[i : i + LONG] for part in cut for i in range(0, len(part), LONG)]


@lru_cache(maxsize=4096)
def _room(text: str, size: int) -> float:
    """A little more than the text needs, since the widths are estimates; in tenths of a point, as it is written."""
    return round(1.01 * text_width(text, size) + 0.35, 1) if text else 0.0


def _lines(pieces: Pieces, size: int, width: float) -> int:
    count, line = 1, ""
    for piece in pieces:
        longer = f"{line} {piece.text}" if piece.spaced else line + piece.text
        if line and _room(longer, size) > width:
            count, line = count + 1, piece.text
        else:
            line = longer
    return count


def _space(columns: Sequence[Column], limit: float) -> float:
    """Points for the columns without the gaps between them."""
    return limit - GAP * (len(columns) - 1)


def _share(columns: Sequence[Column], space: float) -> tuple[float, ...]:
    """Widths that share the space: the column grows next that saves most lines of the table for its points."""
    widths = [c.low for c in columns]
    while True:
        left = space - sum(widths)
        lines = [c.lines(w) for c, w in zip(columns, widths, strict=True)]
        steps = [(i, w) for i, c in enumerate(columns) if (w := _next_width(c, widths[i], left))]
        if not steps:
            return tuple(round(w, 1) for w in widths)
        best, width = max(steps, key=lambda s: _saved(lines, s[0], columns[s[0]].lines(s[1])) / (s[1] - widths[s[0]]))
        widths[best] = width


def _next_width(column: Column, width: float, left: float) -> float | None:
    """The next width at which a cell of the column takes fewer lines; None where there is no room for it."""
    now, most = sum(column.lines(width)), min(column.high, width + left)
    wider = width
    while wider < most:
        wider = min(most, wider + STEP)
        if sum(column.lines(wider)) < now:
            return wider
    return None


def _saved(lines: Sequence[tuple[int, ...]], index: int, wider: tuple[int, ...]) -> float:
    """Lines of the table that go when one column has these; a line of the column alone counts a little."""
    before = sum(max(of_row) for of_row in zip(*lines, strict=True))
    after = sum(max(of_row) for of_row in zip(*lines[:index], wider, *lines[index + 1 :], strict=True))
    return before - after + 0.2 * (sum(lines[index]) - sum(wider))
