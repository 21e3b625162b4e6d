"""Small multiples of what shows trouble first are drawn here, over the steps of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from textwrap import fill

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from rlvr_bench.reports.cells.reward_setting import RewardSetting
from rlvr_bench.reports.figures.palette import Looks
from rlvr_bench.reports.figures.panels import (
    common_x,
    crowded_by_reward,
    draw_seeds,
    grid,
    legend,
    short_labels,
    training_points,
)
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.load import Cell

STABILITY = {
    "train/approx_kl": "KL to the old policy\n(nats/token)",
    "train/kl_to_reference": "KL to the reference\n(nats/token)",
    "train/entropy": "entropy\n(nats/token)",
    "train/grad_norm": "actor's gradient norm\n(loss per unit of weight)",
    "train/clip_fraction": "clip fraction\n(share of tokens)",
    "train/explained_variance": "explained variance\nof the critic (share)",
    "rollout/zero_std_groups": "groups without a signal\n(share)",
    "rollout/length_mean": "completion length\n(tokens)",
}
SKEWED = 20.0  # largest value over the median from which on the scale is logarithmic
NEGLIGIBLE = 1e-6  # a quantity whose values are no further apart than this is constant


def left_out(cells: Sequence[Cell]) -> str:
    """A sentence on the quantities that were recorded and never changed; empty without any."""
    found = {n: _values(cells, n) for n in STABILITY}
    constant = [f"{_short(n)} ({v[0]:.3g})" for n, v in found.items() if v and _is_constant(v)]
    return f"Constant in every run, and therefore left out: {', '.join(constant)}." if constant else ""


def stability(cells: Sequence[Cell], width: Width, looks: Looks) -> Figure | None:
    """Small multiples of what shows trouble first; what never changed is left out."""
    names = [n for n in STABILITY if not _is_constant(_values(cells, n))]
    if not names:
        return None
    if groups := crowded_by_reward(cells):
        return _stability_by_reward(groups, names, width, looks)
    columns = 2 if width == "column" else 3 if len(names) in (3, 5, 6) else 4
    rows = -(-len(names) // columns)
    figure, panels = pyplot.subplots(rows, columns, figsize=size(width, 1.55 * rows + 0.4), squeeze=False)
    for axes in panels.flat[len(names) :]:
        axes.set_visible(False)
    for place, (axes, name) in enumerate(zip(panels.flat, names, strict=False)):
        for cell in cells:
            done = [r.finished for r in cell.runs]
            draw_seeds(axes, training_points(cell, name), done, looks[cell.name], cell.label)
        axes.set_title(STABILITY[name])
        if _is_skewed(_values(cells, name)):
            _log(axes, 5)
            axes.set_title(STABILITY[name].replace(")", ", log)"))
        else:
            axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        if place >= len(names) - columns:
            axes.set_xlabel("training steps")
    legend(figure, [a for a in panels.flat if a.get_visible()], width)
    return figure


def _stability_by_reward(
    groups: Mapping[RewardSetting, tuple[Cell, ...]], names: Sequence[str], width: Width, looks: Looks
) -> Figure:
    cells_of = [c for g in groups.values() for c in g]
    labels = short_labels(cells_of)
    figure, panels = grid(len(names), list(groups), width, turn=False, height=1.0, shared_y=False)
    for row, name in zip(panels, names, strict=True):
        for axes, cells in zip(row, groups.values(), strict=True):
            for cell in cells:
                done = [r.finished for r in cell.runs]
                draw_seeds(axes, training_points(cell, name), done, looks[cell.name], labels[cell.name])
            axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(2))
            axes.tick_params(labelbottom=False)
            for line in axes.lines:
                line.set_markersize(1.6)
        words = STABILITY[name].replace("\n", " ")
        if _is_skewed(_values(cells_of, name)):
            _log(row[0], 3)
            words = words.replace(")", ", log)")
        row[0].set_ylabel(fill(words, 14), fontsize=5.5)
    common_x(list(panels.T))
    for axes in panels[-1]:
        axes.set_xlabel("steps")
        axes.tick_params(labelbottom=True)
    figure.align_ylabels(list(panels[:, 0]))
    legend(figure, list(panels.flat), width, solid=list(labels.values()))
    return figure


def _values(cells: Sequence[Cell], name: str) -> list[float]:
    return [v for c in cells for points in training_points(c, name) for _, v in points]


def _is_constant(values: Sequence[float]) -> bool:
    """Also of what was never recorded."""
    return not values or max(values) - min(values) <= NEGLIGIBLE


def _is_skewed(values: Sequence[float]) -> bool:
    """Positive, with outliers that would press the rest to the floor."""
    return min(values) >= 0 and max(values) > SKEWED * median(values) > 0


def _log(axes: Axes, ticks: int) -> None:
    axes.set_yscale("log", nonpositive="clip")
    axes.yaxis.set_major_locator(LogLocator(numticks=ticks))
    axes.yaxis.set_minor_locator(NullLocator())


def _short(name: str) -> str:
    """A quantity in words, without its unit."""
    return STABILITY[name].replace("\n", " ").split(" (")[0]
