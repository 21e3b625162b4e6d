"""`rlvr-bench report`: the page, figures and tables of a results folder; the answer and the comparison are printed."""

from __future__ import annotations

import textwrap
from pathlib import Path

from rlvr_bench import reports
from rlvr_bench.harness.progress import track
from rlvr_bench.harness.text_table import WIDTH, text_table


def report(results: Path, out: Path | None = None, *, allow_unlike: bool = False, paper: bool = False) -> None:
    """Write the report; print a table for each part, the sentences that the page opens with, and its path.

    Args:
        out: where the pages go; RESULTS/report by default.
        allow_unlike: compare runs of different machines.
        paper: figures also as PDF and PNG, in the width of a page and of a column.
    Raises:
        RecordError: the records cannot be read, or the environments differ.
    """
    made = reports.report(results, out, allow_unlike=allow_unlike, paper=paper, track=track)
    for table in made.tables:
        print(text_table(table.columns, table.rows, title=table.title), end="\n\n")
    if made.tables:
        print(textwrap.fill(made.tables[-1].note, WIDTH), end="\n\n")
    answer = made.answer
    for sentence in (answer.accuracy, answer.cost, answer.memory, f"Scope: {answer.scope}"):
        print(textwrap.fill(sentence, WIDTH))
    print()
    print(made.page)
