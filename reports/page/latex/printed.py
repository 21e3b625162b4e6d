"""A table is written as LaTeX for a two-column paper here: booktabs, widths that fit, its notes below.

It needs \\usepackage{booktabs,array}.  One that is too tall for a page goes on in a second table.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.reports.escape import latex, typeset
from rlvr_bench.reports.page.latex.font_widths import text_width
from rlvr_bench.reports.page.latex.layout import COLUMN, GAP, TEXT, Layout, Pieces, layout
from rlvr_bench.reports.page.table import Table

PAGE = 500.0  # points that a table may be tall, with its caption and notes; the article class has 550
LEADING = 1.2  # of the size of the font
RULES = 24.0  # points that rules and the caption's skips take
APART = 2.0  # points between rows, where any has several lines
NOTE_SIZE = 8  # points


def table_latex(table: Table, name: str) -> str:
    """The table as one LaTeX float, or several where it is too tall for a page; the label is `tab:<name>`."""
    made = layout([typeset(c) for c in table.columns], [[typeset(c) for c in row] for row in table.rows])
    chunks = _chunks(made, table.note)
    floats = []
    for number, rows in enumerate(chunks, start=1):
        title = table.title if number == 1 else f"{table.title} (continued)"
        label = f"tab:{name}" if number == 1 else f"tab:{name}-{number}"
        floats.append(_float(made, rows, title, label, table.note if number == len(chunks) else ""))
    return "% \\usepackage{booktabs,array}\n" + "\n".join(floats)


def _float(made: Layout, rows: Sequence[int], title: str, label: str, note: str) -> str:
    environment = "table*" if made.wide else "table"
    # Rows of several lines need a gap to be told apart.
    between = f"\n\\addlinespace[{APART:g}pt]\n" if max(made.heights[1:], default=1) > 1 else "\n"
    columns = " ".join(
        f">{{\\{'raggedleft' if c.numeric else 'raggedright'}\\arraybackslash}}p{{{w:.1f}pt}}"
        for c, w in zip(made.columns, made.widths, strict=True)
    )
    lines = [
        f"\\begin{{{environment}}}",
        "\\centering",
        f"\\caption{{{latex(title)}.}}",
        f"\\label{{{label}}}",
        f"\\fontsize{{{made.size}}}{{{LEADING * made.size:.1f}}}\\selectfont",
        f"\\setlength{{\\tabcolsep}}{{{GAP / 2:g}pt}}",
        f"\\begin{{tabular}}{{@{{}}{columns}@{{}}}}",
        "\\toprule",
        _row(made, 0),
        "\\midrule",
        between.join(_row(made, row) for row in rows),
        "\\bottomrule",
        "\\end{tabular}",
    ]
    if note:
        lines += [
            "\\par\\smallskip",
            f"\\parbox{{\\linewidth}}{{\\fontsize{{{NOTE_SIZE}}}{{{LEADING * NOTE_SIZE:.1f}}}\\selectfont\\raggedright",
            f"{latex(note)}}}",
        ]
    return "\n".join([*lines, f"\\end{{{environment}}}", ""])


def _row(made: Layout, row: int) -> str:
    # A bracket or star at the start of a row would be read as an argument of the command before it.
    cells = [_cell(column.cells[row]) for column in made.columns]
    return ("{}" if cells[0][:1] in ("[", "*") else "") + " & ".join(cells) + r" \\"


def _cell(pieces: Pieces) -> str:
    """The text with its places to break."""
    shown = ""
    for piece in pieces:
        text = latex(piece.text)
        joint = " " if piece.spaced else r"\allowbreak{}" if shown else ""
        shown += joint + text.replace(" ", "~")
    return shown


def _chunks(made: Layout, note: str) -> list[list[int]]:
    """The numbers of the rows, the first is 1, of each table that fits on a page."""
    width = TEXT if made.wide else COLUMN
    notes = LEADING * NOTE_SIZE * (1 + text_width(note, NOTE_SIZE) // width)
    head, *heights = (LEADING * made.size * lines + APART for lines in made.heights)
    room = PAGE - RULES - 2 * LEADING * 10 - notes - head
    chunks: list[list[int]] = [[]]
    used = 0.0
    for number, height in enumerate(heights, start=1):
        if chunks[-1] and used + height > room:
            chunks.append([])
            used = 0.0
        chunks[-1].append(number)
        used += height
    return chunks
