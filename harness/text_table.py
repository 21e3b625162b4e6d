"""A table for a terminal or a log, in aligned columns; rich does the wrapping."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

WIDTH = 100


def text_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", width: int = WIDTH) -> str:
    """At most `width` characters wide; columns that do not fit are wrapped.  Cells are plain text, never markup."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title) if title else None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))
    console = Console(file=io.StringIO(), width=width, no_color=True)
    console.print(table)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")
