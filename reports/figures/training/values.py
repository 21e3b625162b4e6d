"""The figure of the critic's values: how far they are off along the completion, for short and for long chains."""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.figures.palette import Look, length_look
from rlvr_bench.reports.figures.panels import legend_form, legend_height
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.figures.subject import Subject
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.values import (
    by_seed,
    completion_tokens,
    over_seeds,
    places,
    probed,
)

MOST = 4  # panels; further cells are in the tables
GROUP = "dashed: group's mean"


def panels_of(subject: Subject) -> dict[str, list[Cell]]:
    """The probed cells by label, each in its parts from short completions to long ones; at most MOST labels."""
    found: dict[str, list[Cell]] = {}
    for part in subject.study.parts("learning"):
        for cell in probed(subject.study.cells(part)):
            found.setdefault(one_line(cell.label), []).append(cell)
    return {label: sorted(cells, key=completion_tokens) for label, cells in list(found.items())[:MOST]}


def values(subject: Subject, width: Width) -> Figure | None:
    """A panel for each probed cell, in it a line for each part, and the error of a group's mean beside it."""
    panels = panels_of(subject)
    if not panels:
        return None
    parts = _parts(panels)
    labels = [f"{one_line(title)} ({tokens:.0f} tokens)" for title, tokens in parts.values()]
    columns = min(len(panels), 4 if width == "text" else 2)
    rows = -(-len(panels) // columns)
    height = 1.75 * rows + legend_height([*labels, GROUP], width)
    figure, grid = pyplot.subplots(rows, columns, figsize=size(width, height), squeeze=False, sharex=True, sharey=True)
    order = list(parts)
    for axes, (label, cells) in zip(grid.flat, panels.items(), strict=False):
        axes.set_title(label)
        for cell in cells:
            _draw(axes, cell, length_look(order.index(cell.part.name), len(order)))
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel("error of the value\n(reward units)")
    for axes in grid[-1]:
        axes.set_xlabel("token position\n(share of completion)")
    grid[0, 0].set_ylim(bottom=0)
    grid[0, 0].set_xlim(-0.03, 1)
    looks = [length_look(place, len(order)) for place in range(len(order))]
    handles = [Line2D([], [], color=look.color, marker=look.marker) for look in looks]
    handles.append(Line2D([], [], color="black", linestyle="--"))
    texts, legend_columns = legend_form([*labels, GROUP], width)
    figure.legend(handles, texts, loc="outside lower center", ncols=legend_columns)
    return figure


def _parts(panels: dict[str, list[Cell]]) -> dict[str, tuple[str, float]]:
    """Title and tokens of each part that is in some panel, from short completions to long ones."""
    found = {cell.part.name: (cell.part.title, completion_tokens(cell)) for cells in panels.values() for cell in cells}
    return dict(sorted(found.items(), key=lambda item: item[1][1]))


def _draw(axes: Axes, cell: Cell, look: Look) -> None:
    """The critic's error with its interval, and the group's mean."""
    x, middle, low, high, group = [], [], [], [], []
    for place in places(cell):
        found = by_seed(cell, place=place)
        error, of_group, share = (
            over_seeds(found, number) for number in (lambda e: e.error, lambda e: e.group, lambda e: e.share)
        )
        assert error is not None and of_group is not None and share is not None
        x.append(share.value)
        middle.append(error.value)
        low.append(error.value if error.low is None else max(0.0, error.low))
        high.append(error.value if error.high is None else error.high)
        group.append(of_group.value)
    axes.plot(x, middle, color=look.color, marker=look.marker)
    axes.vlines(x, np.array(low), np.array(high), color=look.color, linewidth=0.7)
    axes.plot(x, group, color=look.color, linestyle="--", linewidth=0.9)


def remark(subject: Subject) -> str:
    """The two errors of each cell over all places, from short completions to long ones."""
    said = []
    for label, cells in panels_of(subject).items():
        each = []
        for cell in cells:
            found = by_seed(cell)
            error, group = over_seeds(found, lambda e: e.error), over_seeds(found, lambda e: e.group)
            assert error is not None and group is not None
            each.append(
                f"{completion_tokens(cell):.0f} tokens: {numbers.share(error.value)} against "
                f"{numbers.share(group.value)} ({numbers.count(error.n, 'seed')})"
            )
        said.append(f"{label}: {'; '.join(each)}.")
    return " ".join(said)
