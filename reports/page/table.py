"""A table is written here as CSV or Markdown; latex/ writes it for a paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rlvr_bench.reports.escape import markdown_cell


@dataclass(frozen=True)
class Table:
    """Texts, ready to show; the note says what brackets and columns are."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def first_columns(table: Table, n: int) -> Table:
    """What fits a printed page."""
    return replace(table, columns=table.columns[:n], rows=tuple(row[:n] for row in table.rows))


def table_csv(table: Table) -> str:
    """The texts of a table, where it has no raw numbers of its own."""
    return csv_text([list(table.columns), *map(list, table.rows)])


def csv_text(lines: Sequence[Sequence[object]]) -> str:
    """Lines of raw values as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for line in lines:
        # A spreadsheet must not run a label as a formula.
        writer.writerow([f"'{x}" if isinstance(x, str) and x[:1] in "=+-@" and x else x for x in line])
    return out.getvalue()


def table_markdown(table: Table) -> str:
    """A pipe table."""
    lines = [table.columns, ("---",) * len(table.columns), *table.rows]
    return "\n".join("| " + " | ".join(c if c == "---" else markdown_cell(c) for c in line) + " |" for line in lines)
