"""True reward and proxy are drawn here: over-optimization against the distance, and both over the steps."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Literal

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from rlvr_bench.reports.cells.reward_setting import by_reward_setting
from rlvr_bench.reports.figures.palette import LINES, Look, Looks
from rlvr_bench.reports.figures.panels import (
    CROWD,
    Points,
    common_x,
    draw_seeds,
    grid,
    legend,
    on_page,
    repeated,
    short_labels,
    training_points,
)
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.overoptimization import PROXY, TRUE, is_studied, path
from rlvr_bench.reports.measures.proxies.best_of import best_of, best_of_runs
from rlvr_bench.reports.measures.reward_models import base_pass_rate

PROXIES = 8  # cells on a page of proxies
ROWS = {TRUE: "true reward (share right)", PROXY: "proxy (base SD)"}
DISTANCE = r"$\sqrt{\mathrm{KL}}$ ($\sqrt{\mathrm{nats}}$)"  # short, to stand below each of many panels


def overoptimization(cells: Sequence[Cell], width: Width, looks: Looks, *, page: int = 0) -> Figure | None:
    """True reward and proxy against the distance from the base model, by reward; None where no KL was recorded.

    Args:
        page: which so many rewards, each page EACH of them; None where there are no more.
    """
    every = by_reward_setting([c for c in cells if any(path(r, TRUE) for r in c.runs)])
    groups = on_page(every, page)
    if not groups or not is_studied([c for g in every.values() for c in g]):
        return None
    rows = [n for n in ROWS if any(path(r, n) for g in groups.values() for c in g for r in c.runs)]
    turn, labels, base = width == "column", short_labels(cells), base_pass_rate(cells)
    height = 1.35 if turn else 1.75
    figure, panels = grid(len(rows), list(groups), width, turn=turn, height=height, shared_y=False)
    for axes_of, name in zip(panels, rows, strict=True):
        for axes, members in zip(axes_of, groups.values(), strict=True):
            few, paths = len(members) <= CROWD, []
            for cell in members:
                paths += _paths(axes, cell, name, looks[cell.name], labels[cell.name], band=few)
            _best_of(axes, members, "true" if name == TRUE else "proxy")
            starts = [p[0] for p in paths]
            if not starts:
                continue
            start = np.mean(starts, axis=0)
            axes.plot(*start, "o", markersize=6, markerfacecolor="none", color="black", zorder=4, label="start")
            # The base model's own scores have mean 0 by the normalization.
            if (level := base if name == TRUE else 0.0) is not None:
                axes.axhline(level, color="black", linestyle=":", linewidth=0.9, label="base model", zorder=1)
            axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
            axes.yaxis.set_major_locator(MaxNLocator(5))
    shared = common_x(list(panels.T))
    _label(panels, rows, turn=turn, shared=shared)
    legend(figure, list(panels.flat), width, last=("best of n", "base model", "start"), solid=repeated(labels))
    return figure


def crosses(cells: Sequence[Cell]) -> str:
    """What the marks of the best of n are; empty where it was not measured."""
    if not best_of_runs(cells):
        return ""
    return (
        "Crosses: the best of n = 1, 2, 4 ... completions of the base model by the same reward model, mean over reward "
        "models, at the distance sqrt(log n - (n - 1) / n). Distances of policies are of the KL over the vocabulary."
    )


def _best_of(axes: Axes, cells: Sequence[Cell], what: Literal["true", "proxy"]) -> None:
    """Means over the reward models, at the analytic distances."""
    curves = [best_of(run, what) for run in best_of_runs(cells)]
    if curves:
        mean = np.mean([c for c in curves if len(c) == len(curves[0])], axis=0)
        axes.plot(*mean.T, "x", markersize=4, color="black", zorder=4, label="best of n")


def _paths(axes: Axes, cell: Cell, name: str, style: Look, label: str, *, band: bool) -> list[Points]:
    series = [path(r, name) for r in cell.runs]
    draw_seeds(axes, series, [r.finished for r in cell.runs], style, label, band=band)
    return [p for p in series if p]


def _label(panels: np.ndarray, rows: Sequence[str], *, turn: bool, shared: bool) -> None:
    """Names and numbers of the axes at the edge of what is drawn, which need not be the edge of the grid."""
    for axes in panels.flat:
        if not axes.has_data():
            axes.set_axis_off()
            axes.text(0.5, 0.5, "no proxy", transform=axes.transAxes, ha="center", va="center", color="#767676")
        axes.tick_params(labelleft=False, labelbottom=turn and not shared)
    for axes_of, name in zip(panels, rows, strict=True):
        shown = [axes for axes in axes_of if axes.has_data()]
        for axes in shown if turn else shown[:1]:
            axes.set_ylabel(ROWS[name].replace(" (", "\n(") if turn else ROWS[name])
            axes.tick_params(labelleft=True)
    for axes_of in panels if turn else panels.T:
        lowest = [axes for axes in axes_of if axes.has_data()][-1]
        lowest.set_xlabel(DISTANCE)
        lowest.tick_params(labelbottom=True)


def proxy_and_true(cells: Sequence[Cell], width: Width, looks: Looks, *, page: int = 0) -> Figure | None:
    """One panel a cell that recorded both rewards.

    Args:
        page: which PROXIES of them; None where there are no more.
    """
    # A line style is a reward here as everywhere: solid is the verifier's.
    kinds = ((TRUE, "true reward (verifier)", LINES[0], "o"), (PROXY, "proxy (learned)", LINES[1], "s"))
    chosen = [c for c in cells if any(r.series(PROXY) for r in c.runs)][page * PROXIES : (page + 1) * PROXIES]
    if not chosen:
        return None
    columns = min(len(chosen), 2 if width == "column" or len(chosen) == 4 else 3 if len(chosen) <= 6 else 4)
    rows = -(-len(chosen) // columns)
    figsize = size(width, 1.9 * rows + 0.35)
    figure, panels = pyplot.subplots(rows, columns, figsize=figsize, squeeze=False, sharey=len(chosen) > 1)
    for axes in panels.flat[len(chosen) :]:
        axes.set_visible(False)
    for axes, cell in zip(panels.flat, chosen, strict=False):
        for name, label, line, mark in kinds:
            style = Look(looks[cell.name].color, line, mark)
            draw_seeds(axes, training_points(cell, name), [r.finished for r in cell.runs], style, label)
        axes.set_title(fill(cell.label, 20 if width == "column" else 90 // columns))
        axes.set_xlabel("training steps")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    unit = "mean reward (true: share\nright; proxy: base SD)"
    if rows > 2:
        figure.supylabel(unit.replace("\n", " "), fontsize=7.5)
    else:
        for axes in panels[:, 0]:
            axes.set_ylabel(unit)
    # Gray, since the colors of the panels are their cells'.
    lines = [Line2D([], [], color="#4D4D4D", linestyle=line, marker=mark) for _, _, line, mark in kinds]
    figure.legend(lines, [label for _, label, _, _ in kinds], loc="outside lower center", ncols=2)
    return figure
