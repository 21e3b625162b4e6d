"""The table of lengths and self-checks is made here: of the base models, and of each cell at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.curves import lengths
from rlvr_bench.reports.measures.over_seeds import over_seeds
from rlvr_bench.reports.page.comparison_table import estimate_fields
from rlvr_bench.reports.page.table import Table, csv_text


@dataclass(frozen=True)
class _Column:
    title: str
    metric: str
    show: numbers.Format


COLUMNS = (
    _Column("length, right (tokens)", lengths.RIGHT_LENGTH, lambda v: f"{v:.1f}"),
    _Column("length, wrong (tokens)", lengths.WRONG_LENGTH, lambda v: f"{v:.1f}"),
    _Column("with a self-check", lengths.CHECKED, numbers.percent),
    _Column("checks each", lengths.CHECKS, lambda v: f"{v:.2f}"),
    _Column("corrected", lengths.CORRECTED, numbers.percent),
    _Column("harmed", lengths.HARMED, numbers.percent),
    _Column("unchanged", lengths.UNCHANGED, numbers.percent),
    _Column("right with a check", lengths.RIGHT_CHECKED, numbers.percent),
    _Column("right without", lengths.RIGHT_UNCHECKED, numbers.percent),
)
DONE = tuple(column for column in COLUMNS if column.title in ("corrected", "harmed", "unchanged"))
WRITTEN = tuple(column for column in COLUMNS if column not in DONE)
OF_WHAT = (
    f"Of sampled completions on held-out items, means over seeds; brackets: {numbers.INTERVAL} (Student's). First row: "
    "the base models, before the first step; then each cell after its last planned step. "
)
NOTE = OF_WHAT + (
    "Right with a check and without: shares of right ones of the completions that have a self-check and that have "
    "none, which no random draw made so."
)
DONE_NOTE = OF_WHAT + (
    "Corrected, harmed, unchanged: shares of the self-checks with a wrong value before and a right one after, the "
    "reverse, and one value twice; the rest went from one wrong value to another."
)


def _rows(cells: Sequence[Cell]) -> list[tuple[str, Cell, Callable[..., float | None]]]:
    """Label, cell, and what a run's number is."""
    chosen = lengths.counted(cells)
    base = [("base models", chosen[0], lengths.first)] if chosen else []
    return [*base, *((cell.label, cell, lengths.last) for cell in chosen)]


def lengths_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """A row of the base models and a row a cell; empty where no task counted self-checks."""
    return _table("Length and self-checks", WRITTEN, cells, NOTE)


def checks_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """The same rows: what the self-checks did."""
    return _table("What self-checks did", DONE, cells, DONE_NOTE)


def _table(title: str, columns: Sequence[_Column], cells: Sequence[Cell], note: str) -> Table:
    rows = []
    for label, cell, number in _rows(cells):
        found = [over_seeds(cell, partial(number, metric=column.metric)) for column in columns]
        texts = [numbers.with_interval(e, c.show) for e, c in zip(found, columns, strict=True)]
        rows.append((one_line(label), *texts))
    return Table(title, ("cell", *(c.title for c in columns)), tuple(rows), note)


def lengths_csv(part: PartInfo, cells: Sequence[Cell]) -> str:
    """The numbers of the table with their intervals, and below them those of each seed."""
    ends, metrics = ("", "_low", "_high", "_n", "_method"), [column.metric for column in COLUMNS]
    lines: list[list[object]] = [["cell", "when", *(f"{m}{end}" for m in metrics for end in ends)]]
    single: list[list[object]] = [[], ["cell", "when", "seed", *metrics]]
    for _, cell, number in _rows(cells):
        when = "first" if number is lengths.first else "last"
        found = [over_seeds(cell, partial(number, metric=metric)) for metric in metrics]
        lines.append([cell.name, when, *(field for e in found for field in estimate_fields(e))])
        single += [[cell.name, when, run.seed, *_of(run, number, metrics)] for run in cell.finished]
    return csv_text([*lines, *single])


def _of(run: Run, number: Callable[..., float | None], metrics: Sequence[str]) -> list[float | None]:
    return [number(run, metric=metric) for metric in metrics]
