"""The table of many samples is made here: pass@k and maj@k of each policy and of the base models."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.many import KINDS, Kind, asked, cell_curve, ks_of, temperatures
from rlvr_bench.reports.page.table import Table, csv_text

SHOWN = 4  # values of k, spread evenly over those that were asked for
NOTE = (
    "Of the policy after the last step: share of the test items that one of k samples solves (pass@k, unbiased), and "
    f"that the most frequent of k answers solves (maj@k): mean over seeds and Student's {numbers.LEVEL_TEXT} interval. "
    "Temperatures: what the runs were given, by the highest pass@k on the validation split; in brackets how many runs."
)


def many_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """One row a cell; empty where no policy was asked many times."""
    chosen = asked(cells)
    ks = shown(ks_of(chosen))
    told: list[tuple[Kind, int]] = [
        (kind, k) for kind in KINDS for k in ks if (kind, k) != ("maj", 1)
    ]  # maj@1 is pass@1
    columns = ("cell", *(f"{kind}@{k}" for kind, k in told), "temperatures")
    rows = tuple(_row(c, told) for c in chosen)
    return Table("Many samples of an item", columns, rows, NOTE)


def shown(ks: Sequence[int]) -> list[int]:
    """At most SHOWN of them, the first and the last among them."""
    if len(ks) <= SHOWN:
        return list(ks)
    return [ks[round(i * (len(ks) - 1) / (SHOWN - 1))] for i in range(SHOWN)]


def _row(cell: Cell, told: Sequence[tuple[Kind, int]]) -> tuple[str, ...]:
    curves = {kind: cell_curve(cell, kind) for kind in KINDS}
    values = (numbers.with_interval(curves[kind].get(k), numbers.share) for kind, k in told)
    given = ", ".join(f"{t:g} ({n})" for t, n in temperatures(cell).items())
    return (one_line(cell.label), *values, given)


def many_csv(part: PartInfo, cells: Sequence[Cell]) -> str:
    """Every k."""
    lines: list[list[object]] = [["cell", "kind", "k", "mean", "low", "high", "seeds"]]
    for cell in asked(cells):
        for kind in KINDS:
            for k, e in cell_curve(cell, kind).items():
                lines.append([cell.name, kind, k, e.value, e.low, e.high, e.n])
    return csv_text(lines)
