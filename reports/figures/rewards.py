"""True reward and proxy are drawn here: over-optimization against the distance, and both over the steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rlvr_bench.reports.cells.reward_setting import by_reward_setting
from rlvr_bench.reports.figures.panels import (
    Points,
    grid,
    legend,
    looks,
    mean_and_seeds,
    mean_line,
    seed_lines,
    training_points,
)
from rlvr_bench.reports.figures.style import INCHES, Look, Width, look
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.overoptimization import PROXY, TRUE, is_studied, path
from rlvr_bench.reports.measures.reward_models import base_pass_rate

ROWS = {TRUE: "true reward", PROXY: "proxy (normalized)"}
DISTANCE = r"$\sqrt{\mathrm{KL}}$ to the base model"
NARROW = r"$\sqrt{\mathrm{KL}}$ to the base"


def overoptimization(cells: Sequence[Cell], width: Width) -> Figure | None:
    """True reward and proxy against the distance from the base model, by reward; None where no KL was recorded."""
    groups = by_reward_setting([c for c in cells if any(path(r, TRUE) for r in c.runs)])
    if not is_studied([c for g in groups.values() for c in g]):
        return None
    rows = [n for n in ROWS if any(path(r, n) for g in groups.values() for c in g for r in c.runs)]
    turn, styles, base = width == "column", looks(cells), base_pass_rate(cells)
    height = 1.35 if turn else 1.75
    figure, panels = grid(len(rows), list(groups), width, turn=turn, height=height, shared_x=True, shared_y=False)
    for axes_of, name in zip(panels, rows, strict=True):
        for axes, members in zip(axes_of, groups.values(), strict=True):
            starts = [p[0] for cell in members for p in _paths(axes, cell, name, *styles[cell.name])]
            if not starts:
                continue
            start = np.mean(starts, axis=0)
            axes.plot(*start, "o", markersize=6, markerfacecolor="none", color="black", zorder=4, label="start")
            # The base model's own scores have mean 0 by the normalization.
            if (level := base if name == TRUE else 0.0) is not None:
                axes.axhline(level, color="black", linestyle=":", linewidth=0.9, label="base model", zorder=1)
            axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
            axes.yaxis.set_major_locator(MaxNLocator(5))
    _label(panels, rows, turn=turn)
    legend(figure, list(panels.flat), width, last=("base model", "start"))
    return figure


def _paths(axes: Axes, cell: Cell, name: str, style: Look, label: str) -> list[Points]:
    """Draw every seed thin and the mean of the finished ones thick."""
    series = [p for r in cell.runs if (p := path(r, name))]
    seed_lines(axes, series, style)
    if whole := [p for r in cell.finished if (p := path(r, name))]:
        mean_line(axes, whole, style, label, band=False)
    return series


def _label(panels: np.ndarray, rows: Sequence[str], *, turn: bool) -> None:
    """Names and numbers of the axes at the edge of what is drawn, which need not be the edge of the grid."""
    for axes in panels.flat:
        if not axes.has_data():
            axes.set_axis_off()
            axes.text(0.5, 0.5, "no proxy", transform=axes.transAxes, ha="center", va="center", color="#767676")
        axes.tick_params(labelleft=False, labelbottom=False)
    for axes_of, name in zip(panels, rows, strict=True):
        shown = [axes for axes in axes_of if axes.has_data()]
        for axes in shown if turn else shown[:1]:
            axes.set_ylabel(ROWS[name].split(" (")[0] if turn else ROWS[name])
            axes.tick_params(labelleft=True)
    for axes_of in panels if turn else panels.T:
        lowest = [axes for axes in axes_of if axes.has_data()][-1]
        lowest.set_xlabel(NARROW if turn else DISTANCE)
        lowest.tick_params(labelbottom=True)


def proxy_and_true(cells: Sequence[Cell], width: Width) -> Figure | None:
    """One panel a cell that recorded both rewards."""
    kinds = ((TRUE, "true reward (verifier)"), (PROXY, "proxy (learned)"))
    chosen = [c for c in cells if any(r.series(PROXY) for r in c.runs)]
    if not chosen:
        return None
    columns = 1 if width == "column" else 2 if len(chosen) == 4 else min(len(chosen), 3)
    rows = -(-len(chosen) // columns)
    size = (INCHES[width] if width == "column" else min(INCHES[width], 1.2 + 2.6 * columns), 2.1 * rows + 0.25)
    figure, panels = pyplot.subplots(rows, columns, figsize=size, squeeze=False, sharey=len(chosen) > 1)
    for axes in panels.flat[len(chosen) :]:
        axes.set_visible(False)
    for axes, cell in zip(panels.flat, chosen, strict=False):
        for index, (name, label) in enumerate(kinds):
            mean_and_seeds(axes, training_points(cell, name), [r.finished for r in cell.runs], look(index), label)
        axes.set_title(cell.label)
        axes.set_xlabel("training steps")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    for axes in panels[:, 0]:
        axes.set_ylabel("mean reward")
    legend(figure, [panels[0, 0]], width)
    return figure
