"""The short table at the top of the page is made here: each cell's accuracy, time and memory, and the base model's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell, Study
from rlvr_bench.reports.measures.accuracy import GREEDY, PASS, start
from rlvr_bench.reports.measures.bases import base_lines
from rlvr_bench.reports.measures.cell_numbers import CellNumbers
from rlvr_bench.reports.numbers import ABSENT, Format
from rlvr_bench.reports.page.table import Table
from rlvr_bench.reports.stats import Estimate

CEILING = "ceiling, greedy"
CEILING_NOTE = "Ceiling: the same supervised training on right demonstrations only."
MIB, GIB = 1024.0**2, 1024.0**3


@dataclass(frozen=True)
class Entry:
    """A number, and its interval below it."""

    value: str
    interval: str = ""

    def __str__(self) -> str:
        return f"{self.value} {self.interval}".strip()


@dataclass(frozen=True, kw_only=True)
class ShortTable:
    """Rows of texts; columns that no cell can fill are left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Entry, ...], ...]
    note: str

    def plain(self) -> Table:
        """With each interval behind its number."""
        return Table("The cells in short", self.columns, tuple(tuple(map(str, row)) for row in self.rows), self.note)


@dataclass(frozen=True)
class TimesToTarget:
    """Of one part: what the target is, and an entry by name of the cell."""

    title: str  # of the column
    entries: dict[str, Entry]
    note: str


def short_table(
    study: Study, part: PartInfo, found: Sequence[CellNumbers], times: TimesToTarget | None = None
) -> ShortTable:
    """One row a cell, behind the rows of the base model.

    Args:
        found: the numbers of the part's cells.
        times: to the target accuracy; None where the part has no target.
    """
    unit, unit_name = _unit(found)
    columns: list[tuple[str, dict[str, Entry]]] = [
        ("pass@1", {c.cell: _entry(c.pass1, numbers.share) for c in found}),
        (times.title, times.entries) if times else ("", {}),
        ("s/step", {c.cell: _entry(c.seconds, numbers.number) for c in found}),
        (f"peak ({unit_name})", {c.cell: _entry(c.peak, lambda v: numbers.number(v / unit)) for c in found}),
        (f"states ({unit_name})", {c.cell: _exact(c.states, unit) for c in found}),
    ]
    shown = [(name, of) for name, of in columns if any(e.value != ABSENT for e in of.values())]
    rows = [(Entry(one_line(c.label)), *(of.get(c.cell, Entry(ABSENT)) for _, of in shown)) for c in found]
    base = _base_rows(study, part) if shown and shown[0][0] == "pass@1" else []
    blank = [Entry("")] * (len(shown) - 1)
    rows = [(Entry(name), Entry(value), *blank) for name, value in base] + rows
    notes = [f"Below a number: its {numbers.INTERVAL} over seeds."] if shown else []
    notes += [CEILING_NOTE] if CEILING in dict(base) else []
    notes += [times.note] if times and any(of is times.entries for _, of in shown) else []
    return ShortTable(
        columns=("cell", *(name for name, _ in shown)),
        rows=tuple(rows),
        note=" ".join([*notes, *_endings(found)]),
    )


def _entry(estimate: Estimate | None, show: Format) -> Entry:
    if estimate is None:
        return Entry(ABSENT)
    if estimate.low is None or estimate.high is None:
        return Entry(show(estimate.value))
    return Entry(show(estimate.value), f"[{show(estimate.low)}, {show(estimate.high)}]")


def _exact(value: int | None, unit: float) -> Entry:
    return Entry(ABSENT if value is None else numbers.number(value / unit))


def _unit(found: Sequence[CellNumbers]) -> tuple[float, str]:
    """One unit for the whole table, so that its numbers can be compared at sight."""
    largest = max([c.peak.value for c in found if c.peak] + [float(c.states) for c in found if c.states], default=0.0)
    return (GIB, "GiB") if largest >= 4 * GIB else (MIB, "MiB")


def _base_rows(study: Study, part: PartInfo) -> list[tuple[str, str]]:
    """What the base model could do; where it was not measured apart, its evaluation before training."""
    if lines := base_lines(study, part):
        rows = [
            ("base model, greedy", lines.greedy),
            ("base model, best temperature", lines.best_sampled),
            (CEILING, lines.ceiling),
        ]
        return [(name, numbers.share(value)) for name, value in rows if value is not None]
    cells = study.cells(part)
    before = [("before training, greedy", _before(cells, GREEDY)), ("before training, sampled", _before(cells, PASS))]
    return [(name, numbers.share(value)) for name, value in before if value is not None]


def _before(cells: Sequence[Cell], metric: str) -> float | None:
    values = [v for c in cells for r in c.runs if (v := start(r, metric)) is not None]
    return fmean(values) if values else None


def _endings(found: Sequence[CellNumbers]) -> list[str]:
    ended = [f"{one_line(c.label)}: {', '.join(c.other_endings)}" for c in found if c.other_endings]
    return [f"Runs that did not complete: {'; '.join(ended)}."] if ended else []
