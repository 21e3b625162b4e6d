"""The figure of time is drawn here: seconds of a step by phase."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot
from matplotlib.figure import Figure

from rlvr_bench.reports.figures.bars import finish_bars, in_words, stack_bars
from rlvr_bench.reports.figures.style import INCHES, Width
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.step_time import per_phase


def time_by_phase(cells: Sequence[Cell], width: Width) -> Figure | None:
    """Stacked seconds of one step."""
    found = {c.name: [p for r in c.finished if (p := per_phase(r, "cost/seconds"))] for c in cells}
    cells = [c for c in cells if found[c.name]]
    if not cells:
        return None
    phases = list(dict.fromkeys(p for c in cells for run in found[c.name] for p in run))
    figure, axes = pyplot.subplots(figsize=(INCHES[width], 0.95 + 0.34 * len(cells) + (width == "column") * 0.35))
    left = np.zeros(len(cells))
    for index, phase in enumerate(phases):
        values = np.array([float(np.mean([run.get(phase, 0.0) for run in found[c.name]])) for c in cells])
        stack_bars(axes, values, left, index, in_words(phase))
        left += values
    totals = [[sum(run.values()) for run in found[c.name]] for c in cells]
    for row, values in enumerate(totals):
        axes.plot([min(values), max(values)], [row, row], color="black", linewidth=0.9, marker="|", markersize=5)
    finish_bars(figure, axes, cells, "seconds per step", columns=len(phases) if width == "text" else 3)
    return figure
