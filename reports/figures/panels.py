"""What the figures over training share is drawn here: lines over seeds, one legend, a grid of quantities by reward."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.cells.reward_setting import RewardSetting, by_reward_setting
from rlvr_bench.reports.figures.style import INCHES, Look, Width, look
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.windows import training_series

Points = list[tuple[float, float]]
CROWD = 4  # with more cells than this, a panel for each reward; an algorithm keeps its color over the panels


def crowded_by_reward(cells: Sequence[Cell]) -> dict[RewardSetting, tuple[Cell, ...]] | None:
    """The cells by what they were rewarded by, where one panel would be too full for them all."""
    groups = by_reward_setting(cells)
    return groups if len(cells) > CROWD and len(groups) > 1 else None


def looks(cells: Sequence[Cell]) -> dict[str, tuple[Look, str]]:
    """Look and legend entry of each cell by name: its algorithm's, or its own where two cells share both factors."""
    names = list(dict.fromkeys(matching.algorithm(c) or c.name for c in cells))
    groups = by_reward_setting(cells).values()
    if all(len({matching.algorithm(c) for c in g}) == len(g) for g in groups):
        return {c.name: (look(names.index(n)), n.upper()) for c in cells for n in [matching.algorithm(c) or c.name]}
    return {c.name: (look(i), c.label) for i, c in enumerate(cells)}


def grid(
    quantities: int,
    groups: Sequence[RewardSetting],
    width: Width,
    *,
    turn: bool,
    height: float,
    shared_x: bool,
    shared_y: bool,
) -> tuple[Figure, np.ndarray]:
    """Figure and axes[quantity, group]: groups side by side, or below each other if `turn`.

    Args:
        height: inches of a row.
        shared_x, shared_y: one scale for all panels, not only for those of one quantity.
    """
    rows, columns = (len(groups), quantities) if turn else (quantities, len(groups))
    figure, made = pyplot.subplots(
        rows, columns, figsize=(INCHES[width], height * rows + 0.45), squeeze=False,
        sharex=True if shared_x else "col" if turn else "row", sharey=True if shared_y else "col" if turn else "row",
    )  # fmt: skip
    axes = made.T if turn else made
    letters = 40 if turn else {"text": 108, "column": 40}[width] // max(3, len(groups))
    for place, group in zip(axes[0], groups, strict=True):
        place.set_title(fill(group.title, letters), loc="left" if turn else "center")
    return figure, axes


def seed_lines(axes: Axes, series: Sequence[Points], style: Look) -> None:
    """One thin line each."""
    for points in series:
        axes.plot([x for x, _ in points], [y for _, y in points], color=style.color, linewidth=0.5, alpha=0.6)


def mean_line(axes: Axes, series: Sequence[Points], style: Look, label: str, *, band: bool) -> None:
    """Mean, and range if `band`, as far as all series go, against their mean x."""
    length = min(len(p) for p in series)
    values = np.array([p[:length] for p in series])  # (seeds, points, 2)
    x, y = values[:, :, 0].mean(axis=0), values[:, :, 1]
    if band and len(series) > 1:
        axes.fill_between(x, y.min(axis=0), y.max(axis=0), color=style.color, alpha=0.15, linewidth=0)
    axes.plot(
        x,
        y.mean(axis=0),
        color=style.color,
        linestyle=style.line,
        marker=style.marker,
        markevery=max(1, length // 6),
        label=label,
    )


def mean_and_seeds(
    axes: Axes, series: list[Points], finished: list[bool], style: Look, label: str, *, thin: bool = True
) -> None:
    """Mean and range over finished seeds, each seed as a thin line; without a finished one the seeds alone."""
    whole = [p for p, done in zip(series, finished, strict=True) if done and p]
    if thin or not whole:
        seed_lines(axes, series, style)
    if whole:
        mean_line(axes, whole, style, label, band=True)


def legend(figure: Figure, panels: Sequence[Axes], width: Width, last: Sequence[str] = ()) -> None:
    """One legend under the figure, with every cell that is drawn in any panel; entries of `last` behind the others."""
    found = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    found |= {label: found.pop(label) for label in last if label in found}
    if found:
        short = max(map(len, found)) <= 12
        fitting = {"text": 4 if short else 3, "column": (2 if len(found) == 4 else 3) if short else 1}
        columns = min(len(found), fitting[width])
        figure.legend(list(found.values()), list(found), loc="outside lower center", ncols=columns)


def training_points(cell: Cell, metric: str) -> list[Points]:
    """A metric over the steps of training, one series a run."""
    return [[(float(s), v) for s, v in training_series(r, metric)] for r in cell.runs]
