"""Figures of rewards that are not the verifier: over-optimisation, and how well a reward model is calibrated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rlvr_bench.reports.cells.reward_setting import by_treatment
from rlvr_bench.reports.figures.panels import Points, grid, legend, looks, mean_line, seeds
from rlvr_bench.reports.figures.style import INCHES, Look, Width, look
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.overoptimization import PROXY, TRUE, base_pass_rate, is_studied, path, reward_models
from rlvr_bench.reports.numbers import whole
from rlvr_bench.reports.stats import wilson

ROWS = {TRUE: "true reward", PROXY: "proxy (normalised)"}
DISTANCE = r"$\sqrt{\mathrm{KL}}$ to the base model"
NARROW = r"$\sqrt{\mathrm{KL}}$ to the base"


def overoptimisation(cells: Sequence[Cell], width: Width) -> Figure | None:
    """True reward and proxy against the distance from the base model, by reward; None where no KL was recorded."""
    groups = by_treatment([c for c in cells if any(path(r, TRUE) for r in c.runs)])
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
            # The base model's own scores have mean 0 by the normalisation.
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
    seeds(axes, series, style)
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


def calibration(cells: Sequence[Cell], width: Width) -> Figure | None:
    """Share of pairs ranked rightly against the predicted probability, of each distinct reward model."""
    models = [m for m in reward_models(cells) if m.bins]
    if not models:
        return None
    size = INCHES["column"] if width == "column" else 4.6
    figure, axes = pyplot.subplots(figsize=(size, 3.0 + 0.16 * len(models)))
    axes.plot([0.5, 1.0], [0.5, 1.0], color="black", linestyle=":", linewidth=0.9, label="perfectly calibrated")
    most = max(b.pairs for m in models for b in m.bins)
    for index, model in enumerate(models):
        style = look(index)
        right = f"{100 * model.accuracy:.1f} % of {whole(model.held_out_pairs)} held-out pairs right"
        label = f"{whole(model.pairs)} pairs: {right}"
        x, y = [b.confidence for b in model.bins], [b.accuracy for b in model.bins]
        axes.plot(x, y, color=style.colour, linestyle=style.line, marker=style.marker, linewidth=0.9, label=label)
        areas = [8 + 110 * b.pairs / most for b in model.bins]
        axes.scatter(x, y, areas, color=style.colour, marker=style.marker, alpha=0.35, linewidths=0)
        for b in model.bins:
            low, high = wilson(b.accuracy * b.pairs, b.pairs)
            axes.plot([b.confidence] * 2, [low, high], color=style.colour, linewidth=0.6)
    axes.set_xlim(0.49, 1.01)
    axes.set_ylim(top=1.03)
    axes.set_xlabel("predicted probability that the preferred completion is the right one")
    axes.set_ylabel("share of pairs in which it was")
    if width == "column":
        axes.set_xlabel("predicted probability that the preferred one is right")
    legend(figure, [axes], "column")
    return figure
