"""The figure of time is drawn here: seconds of a step by phase."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from matplotlib import pyplot
from matplotlib.figure import Figure

from rlvr_bench.reports.figures.costs.bars import finish_bars, stack_phases
from rlvr_bench.reports.figures.palette import Looks
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.costs.step_time import per_phase, step_seconds
from rlvr_bench.reports.measures.curves.memory_curve import is_curve
from rlvr_bench.reports.measures.over_seeds import over_seeds


def time_by_phase(cells: Sequence[Cell], width: Width, looks: Looks) -> Figure | None:
    """Stacked seconds of the phases, and the seconds of the whole step: medians over steps, as in the tables.

    None for a part that is a curve over sizes, which would be too many bars on one scale.
    """
    if is_curve(cells):
        return None
    found = {c.name: [p for r in c.finished if (p := per_phase(r, "cost/seconds", median))] for c in cells}
    cells = [c for c in cells if found[c.name]]
    if not cells:
        return None
    figure, axes = pyplot.subplots(figsize=size(width, 0.95 + 0.34 * len(cells) + (width == "column") * 0.35))
    phases = stack_phases(axes, cells, found)
    for row, cell in enumerate(cells):
        steps, center = [s for r in cell.finished if (s := step_seconds(r)) is not None], over_seeds(cell, step_seconds)
        axes.plot([min(steps), max(steps)], [row, row], color="black", linewidth=0.9, marker="|", markersize=5)
        assert center is not None  # a cell with phases has timed steps
        axes.plot(center.value, row, color="black", marker="d", markersize=3.5, markerfacecolor="white")
    finish_bars(figure, axes, cells, "time of a step (s)", columns=len(phases) if width == "text" else 3)
    return figure
