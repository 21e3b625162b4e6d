"""The tables of what the processes send each other are made here."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.costs.communication import exchanges, predicted_sent
from rlvr_bench.reports.page.table import Table

EXCHANGED = ("cell", "phase", "operation", "calls a step", "bytes of messages a step")
PREDICTED = ("cell", "predicted a step", "counted a step", "error")


def exchange_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """Calls and bytes of each operation by phase, of one process; no row of one process alone."""
    rows = [
        (one_line(cell.label), one.phase, one.operation, f"{one.calls:.1f}", numbers.size(one.bytes))
        for cell in cells
        for one in exchanges(cell)
    ]
    return Table("What one process exchanges in a step", EXCHANGED, tuple(rows))


def predicted_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """What the planner said that one process sends, beside what was counted."""
    rows = [
        (one_line(cell.label), numbers.size(told), numbers.size(counted), numbers.error(told / counted - 1))
        for cell, told, counted in predicted_sent(cells)
    ]
    return Table("Bytes that one process sends, predicted beside counted", PREDICTED, tuple(rows))
