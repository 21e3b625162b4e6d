"""Small multiples of what shows trouble first are drawn here, over the steps of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

from matplotlib import pyplot
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rlvr_bench.reports.cells.reward_setting import RewardSetting
from rlvr_bench.reports.figures.panels import (
    crowded_by_reward,
    grid,
    legend,
    looks,
    mean_and_seeds,
    training_points,
)
from rlvr_bench.reports.figures.style import INCHES, Width, look
from rlvr_bench.reports.load import Cell

STABILITY = {
    "train/approx_kl": "KL to the old policy\n(nats/token)",
    "train/kl_to_reference": "KL to the reference\n(nats/token)",
    "train/entropy": "entropy\n(nats/token)",
    "train/grad_norm": "actor's gradient norm",
    "train/clip_fraction": "clip fraction",
    "train/explained_variance": "explained variance\nof the critic",
    "rollout/zero_std_groups": "groups without a signal",
    "rollout/length_mean": "completion length\n(tokens)",
}


def stability(cells: Sequence[Cell], width: Width) -> Figure | None:
    """Small multiples of what shows trouble first."""
    names = [n for n in STABILITY if any(r.series(n) for c in cells for r in c.runs)]
    if not names:
        return None
    if groups := crowded_by_reward(cells):
        return _stability_by_reward(groups, names, width)
    columns = 4 if width == "text" else 2
    rows = -(-len(names) // columns)
    figure, panels = pyplot.subplots(rows, columns, figsize=(INCHES[width], 1.55 * rows + 0.4), squeeze=False)
    for axes in panels.flat[len(names) :]:
        axes.set_visible(False)
    for place, (axes, name) in enumerate(zip(panels.flat, names, strict=False)):
        for index, cell in enumerate(cells):
            done = [r.finished for r in cell.runs]
            mean_and_seeds(axes, training_points(cell, name), done, look(index), cell.label, thin=False)
        axes.set_title(STABILITY[name])
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        if place >= len(names) - columns:
            axes.set_xlabel("training steps")
    legend(figure, [a for a in panels.flat if a.get_visible()], width)
    return figure


def _stability_by_reward(
    groups: Mapping[RewardSetting, tuple[Cell, ...]], names: Sequence[str], width: Width
) -> Figure:
    styles = looks([c for g in groups.values() for c in g])
    figure, panels = grid(len(names), list(groups), width, turn=False, height=1.0, shared_x=True, shared_y=False)
    for row, name in zip(panels, names, strict=True):
        for axes, cells in zip(row, groups.values(), strict=True):
            for cell in cells:
                style, label = styles[cell.name]
                done = [r.finished for r in cell.runs]
                mean_and_seeds(axes, training_points(cell, name), done, style, label, thin=False)
            axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(3))
        row[0].set_ylabel(fill(STABILITY[name].replace("\n", " "), 18), fontsize=6.5)
    for axes in panels[-1]:
        axes.set_xlabel("steps")
    figure.align_ylabels(list(panels[:, 0]))
    legend(figure, list(panels.flat), width)
    return figure
