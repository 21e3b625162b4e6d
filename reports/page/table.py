"""A table is written here as LaTeX (booktabs), CSV or Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rlvr_bench.reports.escape import latex, markdown_cell


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


def table_latex(table: Table) -> str:
    """A booktabs tabular with its caption; needs \\usepackage{booktabs}."""
    head = " & ".join(latex(c) for c in table.columns)
    body = "\n".join(" & ".join(latex(x) for x in row) + r" \\" for row in table.rows)
    caption = latex(f"{table.title}. {table.note}".strip())
    return (
        "\\begin{table}\n\\centering\n"
        f"\\caption{{{caption}}}\n"
        f"\\begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}\n"
        f"\\toprule\n{head} \\\\\n\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}\n\\end{{table}}\n"
    )


def table_markdown(table: Table) -> str:
    """A pipe table."""
    lines = [table.columns, ("---",) * len(table.columns), *table.rows]
    return "\n".join("| " + " | ".join(c if c == "---" else markdown_cell(c) for c in line) + " |" for line in lines)
