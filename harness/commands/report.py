"""`rlvr-bench report`: the page, figures and tables of a results folder; the comparison is printed too."""

from __future__ import annotations

import textwrap
from pathlib import Path

from rlvr_bench import reports
from rlvr_bench.harness.text_table import WIDTH, text_table


def report(results: Path, out: Path | None = None, *, allow_unlike: bool = False) -> None:
    """Write the report; print a table for each part, the note that goes with them and the page's path.

    Args:
        out: where the pages go; RESULTS/report by default.
        allow_unlike: compare runs of different machines.
    Raises:
        RecordError: the records cannot be read, or the environments differ.
    """
    page = reports.build(results, out, allow_unlike=allow_unlike)
    tables = reports.comparison_tables(results)
    for table in tables:
        print(text_table(table.columns, table.rows, title=table.title), end="\n\n")
    if tables:
        print(textwrap.fill(tables[-1].note, WIDTH), end="\n\n")
    print(page)
