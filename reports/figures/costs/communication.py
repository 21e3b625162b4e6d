"""The figure of communication is drawn here: what one process sends in a step by phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib import pyplot
from matplotlib.figure import Figure

from rlvr_bench.reports.cells.matching import setting
from rlvr_bench.reports.figures.costs.bars import finish_bars, stack_phases
from rlvr_bench.reports.figures.palette import Looks
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.costs.communication import sent_by_phase
from rlvr_bench.reports.measures.costs.memory import BYTES_PER_PARAMETER


def sent(cells: Sequence[Cell], width: Width, looks: Looks) -> Figure | None:
    """Stacked phases, in multiples of the actor's weights; None where no process sent anything."""
    cells = [c for c in cells if "actor" in c.roles]
    found = {c.name: [_of_weights(p, c) for r in c.finished if (p := sent_by_phase(r))] for c in cells}
    cells = [c for c in cells if found[c.name]]
    if not cells:
        return None
    figure, axes = pyplot.subplots(figsize=size(width, 0.95 + 0.34 * len(cells) + (width == "column") * 0.35))
    phases = stack_phases(axes, cells, found)
    for row, cell in enumerate(cells):
        totals = [sum(run.values()) for run in found[cell.name]]
        axes.plot([min(totals), max(totals)], [row, row], color="black", linewidth=0.9, marker="|", markersize=5)
    finish_bars(figure, axes, cells, "sent in a step (actor's weights)", columns=len(phases) if width == "text" else 3)
    return figure


def _of_weights(sent: Mapping[str, float], cell: Cell) -> dict[str, float]:
    """In multiples of the actor's weights."""
    _, a_number = BYTES_PER_PARAMETER[str(setting(cell, "model", "dtype") or "float32")]
    return {phase: value / (cell.roles["actor"].parameters * a_number) for phase, value in sent.items()}
