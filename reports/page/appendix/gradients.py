"""Which model of a cell received a gradient is tabled here."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.page.table import Table

ROLES = ("actor", "critic", "reference", "reward")
NOTE = "Trained: it received gradients and has an optimizer. Frozen: it was only read."


def gradient_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """One row a cell whose models are known; models of other names behind the four."""
    known = [c for c in cells if c.roles]
    roles = [*ROLES, *sorted({role for c in known for role in c.roles} - set(ROLES))]
    roles = [role for role in roles if any(role in c.roles for c in known)]
    rows = tuple((one_line(c.label), *(_entry(c, role) for role in roles)) for c in known)
    return Table("Which models received a gradient", ("cell", *map(one_line, roles)), rows, NOTE)


def _entry(cell: Cell, role: str) -> str:
    states = cell.roles.get(role)
    if states is None:
        return numbers.ABSENT
    if states.trained_parameters is not None:
        return f"trained, {states.trained_parameters:,} of {states.parameters:,} parameters"
    return f"{'trained' if states.trained else 'frozen'}, {states.parameters:,} parameters"
