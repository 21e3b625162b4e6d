"""The figure of communication is drawn here: what one process sends in a step by phase."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot
from matplotlib.figure import Figure

from rlvr_bench.reports.figures.costs.bars import finish_bars, in_words, stack_bars
from rlvr_bench.reports.figures.palette import PHASES, Looks, named_looks
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.costs.communication import sent_by_phase


def sent(cells: Sequence[Cell], width: Width, looks: Looks) -> Figure | None:
    """Stacked phases, in multiples of the actor's weights; None where no process sent anything."""
    found = {c.name: [p for r in c.finished if (p := sent_by_phase(r))] for c in cells}
    cells = [c for c in cells if found[c.name] and "actor" in c.roles]
    if not cells:
        return None
    phases = list(dict.fromkeys(p for c in cells for run in found[c.name] for p in run))
    figure, axes = pyplot.subplots(figsize=size(width, 0.95 + 0.34 * len(cells) + (width == "column") * 0.35))
    left, styles = np.zeros(len(cells)), named_looks(phases, PHASES)
    scale = np.array([c.roles["actor"].parameters * _bytes_of_a_number(c) for c in cells])
    for phase in phases:
        values = np.array([float(np.mean([run.get(phase, 0.0) for run in found[c.name]])) for c in cells]) / scale
        stack_bars(axes, values, left, styles[phase], in_words(phase))
        left += values
    for row, cell in enumerate(cells):
        totals = [sum(run.values()) / scale[row] for run in found[cell.name]]
        axes.plot([min(totals), max(totals)], [row, row], color="black", linewidth=0.9, marker="|", markersize=5)
    finish_bars(figure, axes, cells, "sent in a step (actor's weights)", columns=len(phases) if width == "text" else 3)
    return figure


def _bytes_of_a_number(cell: Cell) -> int:
    model = cell.config.get("model") or {}
    return 2 if model.get("dtype") == "bfloat16" else 4
