"""Horizontal bars, one row a cell, are drawn here for the figures of costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure, SubFigure

from rlvr_bench.reports.figures.palette import PHASES, Look, named_looks
from rlvr_bench.reports.load import Cell

MANY = 12  # more cells than this leave each bar room for two lines of its label


def stack_bars(axes: Axes, values: np.ndarray, left: np.ndarray, look: Look, label: str) -> None:
    """One layer of stacked bars, beginning at `left`."""
    axes.barh(
        np.arange(len(values)), values, 0.62, left=left, label=label, color=look.color, hatch=look.hatch,
        edgecolor=contrast(look.color), linewidth=0.5,
    )  # fmt: skip


def stack_phases(axes: Axes, cells: Sequence[Cell], found: Mapping[str, Sequence[Mapping[str, float]]]) -> list[str]:
    """Bars of every phase, one behind the other, means over the runs; returns the phases in the order of the legend.

    Args:
        found: by name of the cell, numbers by phase of each run.
    """
    phases = list(dict.fromkeys(p for c in cells for run in found[c.name] for p in run))
    left, styles = np.zeros(len(cells)), named_looks(phases, PHASES)
    for phase in phases:
        values = np.array([float(np.mean([run.get(phase, 0.0) for run in found[c.name]])) for c in cells])
        stack_bars(axes, values, left, styles[phase], in_words(phase))
        left += values
    return phases


def finish_bars(
    place: Figure | SubFigure, axes: Axes, cells: Sequence[Cell], label: str, columns: int = 3, *, tight: bool = False
) -> None:
    """Names of the cells, on one line if `tight`, the unit, and one legend below."""
    names = [c.label if tight else fill(c.label, 18 if len(cells) <= MANY else 26) for c in cells]
    axes.set_yticks(range(len(cells)), names)
    if tight:
        axes.tick_params(axis="y", labelsize=6)
    axes.set_ylim(len(cells) - 0.5, -0.5)  # also puts the first cell on top
    right = axes.get_xlim()[1]
    axes.set_xlim(0, right if right > 0 else 1)  # none may exceed 0: what a run needed, less what was there before
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(label)
    place.legend(loc="outside lower center", ncols=columns, columnspacing=1.0, handlelength=1.6)


def contrast(color: str) -> str:
    """White or dark gray, whichever a hatch on the color is seen in."""
    red, green, blue = to_rgb(color)
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.62 else "#4D4D4D"


def in_words(phase: str) -> str:
    """A phase's name as a reader writes it."""
    return phase.replace("_", " ")
