"""Horizontal bars, one row a cell, are drawn here for the figures of costs."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from rlvr_bench.reports.figures.style import look
from rlvr_bench.reports.load import Cell


def stack_bars(axes: Axes, values: np.ndarray, left: np.ndarray, index: int, label: str) -> None:
    """One layer of stacked bars, beginning at `left`."""
    style = look(index)
    axes.barh(
        np.arange(len(values)), values, 0.62, left=left, label=label, color=style.color, hatch=style.hatch,
        edgecolor="white", linewidth=0.5,
    )  # fmt: skip


def finish_bars(place: Figure | SubFigure, axes: Axes, cells: Sequence[Cell], label: str, columns: int = 3) -> None:
    """Names of the cells, the unit, and one legend below."""
    axes.set_yticks(range(len(cells)), _labels(cells))
    axes.set_ylim(len(cells) - 0.5, -0.5)  # also puts the first cell on top
    axes.set_xlim(left=0)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(label)
    place.legend(loc="outside lower center", ncols=columns, columnspacing=1.0, handlelength=1.6)


def in_words(phase: str) -> str:
    """A phase's name as a reader writes it."""
    return phase.replace("_", " ")


def _labels(cells: Sequence[Cell]) -> list[str]:
    return [fill(c.label, 18) for c in cells]
