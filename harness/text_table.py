"""A table for a terminal or a log, in aligned columns; rich wraps what is too wide."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

WIDTH = 100  # characters


def text_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", width: int = WIDTH) -> str:
    """At most `width` characters wide; entries that do not fit are wrapped, names in the first column last of all.

    What is in the table is plain text, never markup.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    texts = [[str(entry) for entry in row] for row in rows]
    names_fit = max((len(row[0]) for row in texts), default=0) <= width // 2
    heading = Text(title) if title else None
    table = Table(title=heading, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for number, name in enumerate(columns):
        table.add_column(Text(name), overflow="fold", no_wrap=number == 0 and names_fit)
    for row in texts:
        table.add_row(*map(Text, row))
    file = io.StringIO()
    Console(file=file, width=width, no_color=True).print(table)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()).strip("\n")
