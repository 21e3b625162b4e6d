"""The table of every pair of cells is made here, so that a third algorithm is held against each of the others."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import FINAL_SCORE
from rlvr_bench.reports.measures.pairwise import PairOfCells, pairs_of
from rlvr_bench.reports.page.comparison_table import estimate_fields
from rlvr_bench.reports.page.table import Table, csv_text

TITLE = "Every pair of cells"
NOTE = (
    f"A against B over the seeds that finished in both; brackets: {numbers.INTERVAL}, Student's, not corrected for "
    f"the number of pairs. pass@1: A less B, in points; {FINAL_SCORE}. P(A > B): probability that a run of A ends "
    "above one of B. s/step and peak: A / B."
)
BUSY_NOTE = " busy: over a tenth of the timed steps of a cell waited for a processor, so its seconds are not compared."
COLUMNS = ("A", "B", "pass@1", "P(A > B)", "s/step", "peak")


def pairwise_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """One row per pair; empty for one cell, and for trials of a search, which differ in what was drawn for them."""
    found = () if part.kind == "search" else pairs_of(cells)
    rows = tuple(_row(p) for p in found)
    measured = [i for i in range(len(COLUMNS)) if i < 2 or any(row[i] != numbers.ABSENT for row in rows)]
    note = NOTE + (BUSY_NOTE if any(p.busy for p in found) else "")
    return Table(
        TITLE, tuple(COLUMNS[i] for i in measured), tuple(tuple(row[i] for i in measured) for row in rows), note
    )


def _row(p: PairOfCells) -> tuple[str, ...]:
    return (
        one_line(p.a.label),
        one_line(p.b.label),
        numbers.with_interval(p.pass1, numbers.points),
        numbers.ABSENT if p.improvement is None else f"{p.improvement:.2f}",
        "busy" if p.busy else numbers.with_interval(p.seconds, numbers.factor),
        numbers.with_interval(p.peak, numbers.factor),
    )


def pairwise_csv(part: PartInfo, cells: Sequence[Cell]) -> str:
    """Raw numbers: shares, probabilities and ratios."""
    names = ("pass1_difference", "seconds_ratio", "peak_ratio")
    columns = [f"{name}{end}" for name in names for end in ("", "_low", "_high", "_n", "_method")]
    lines: list[list[object]] = [["a", "b", "probability_of_improvement", "busy", *columns]]
    for p in pairs_of(cells):
        fields = [field for e in (p.pass1, p.seconds, p.peak) for field in estimate_fields(e)]
        lines.append([p.a.name, p.b.name, p.improvement, p.busy, *fields])
    return csv_text(lines)
