"""Figures over training: accuracy, stability, proxy against true reward.

Up to four cells share a panel.  More of them, under several rewards, get a panel for each reward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from textwrap import fill

from matplotlib import pyplot
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from rlvr_bench.reports.cells.reward_setting import Treatment
from rlvr_bench.reports.figures.panels import Points, crowd, grid, legend, looks, over_seeds
from rlvr_bench.reports.figures.style import INCHES, Width, look
from rlvr_bench.reports.load import Cell, Run

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


def learning_curves(cells: Sequence[Cell], width: Width) -> Figure | None:
    """pass@1 against steps, tokens and seconds."""
    if not any(r.series("eval/pass@1") for c in cells for r in c.runs):
        return None
    axes_of: dict[str, Callable[[Run], Points]] = {
        "training steps": lambda r: [(float(s), v) for s, v in r.series("eval/pass@1")],
        "completion tokens": lambda r: _against(r, "cost/tokens"),
        "seconds of training": lambda r: _against(r, "cost/seconds"),
    }
    if groups := crowd(cells):
        return _learning_by_reward(groups, axes_of, width)
    rows, columns, height = (1, 3, 2.25) if width == "text" else (3, 1, 5.4)
    figure, panels = pyplot.subplots(rows, columns, figsize=(INCHES[width], height), sharey=True, squeeze=False)
    for axes, (label, points) in zip(panels.flat, axes_of.items(), strict=True):
        for index, cell in enumerate(cells):
            over_seeds(axes, [points(r) for r in cell.runs], [r.finished for r in cell.runs], look(index), cell.label)
        axes.set_xlabel(label)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.set_ylim(-0.02, 1.02)
    for axes in panels[:, 0]:
        axes.set_ylabel("held-out pass@1")
    legend(figure, [panels[0, 0]], width)
    return figure


def _learning_by_reward(
    groups: Mapping[Treatment, tuple[Cell, ...]], axes_of: Mapping[str, Callable[[Run], Points]], width: Width
) -> Figure:
    turn = width == "column"
    styles = looks([c for g in groups.values() for c in g])
    figure, panels = grid(3, list(groups), width, turn=turn, height=1.2 if turn else 1.5, shared_x=False, shared_y=True)
    for row, (label, points) in zip(panels, axes_of.items(), strict=True):
        for axes, cells in zip(row, groups.values(), strict=True):
            for cell in cells:
                style, name = styles[cell.name]
                over_seeds(axes, [points(r) for r in cell.runs], [r.finished for r in cell.runs], style, name)
            axes.set_ylim(-0.02, 1.02)
            axes.xaxis.set_major_locator(MaxNLocator(3 if turn else 5))
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))
            if not turn or axes is row[-1]:
                axes.set_xlabel(label.replace(" of training", "").replace("completion ", "") if turn else label)
    for axes in panels[0] if turn else panels[:, 0]:
        axes.set_ylabel("held-out pass@1")
    legend(figure, list(panels.flat), width)
    return figure


def stability(cells: Sequence[Cell], width: Width) -> Figure | None:
    """Small multiples of what shows trouble first."""
    names = [n for n in STABILITY if any(r.series(n) for c in cells for r in c.runs)]
    if not names:
        return None
    if groups := crowd(cells):
        return _stability_by_reward(groups, names, width)
    columns = 4 if width == "text" else 2
    rows = -(-len(names) // columns)
    figure, panels = pyplot.subplots(rows, columns, figsize=(INCHES[width], 1.55 * rows + 0.4), squeeze=False)
    for axes in panels.flat[len(names) :]:
        axes.set_visible(False)
    for place, (axes, name) in enumerate(zip(panels.flat, names, strict=False)):
        for index, cell in enumerate(cells):
            done = [r.finished for r in cell.runs]
            over_seeds(axes, _training(cell, name), done, look(index), cell.label, thin=False)
        axes.set_title(STABILITY[name])
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        if place >= len(names) - columns:
            axes.set_xlabel("training steps")
    legend(figure, [a for a in panels.flat if a.get_visible()], width)
    return figure


def _stability_by_reward(groups: Mapping[Treatment, tuple[Cell, ...]], names: Sequence[str], width: Width) -> Figure:
    styles = looks([c for g in groups.values() for c in g])
    figure, panels = grid(len(names), list(groups), width, turn=False, height=1.0, shared_x=True, shared_y=False)
    for row, name in zip(panels, names, strict=True):
        for axes, cells in zip(row, groups.values(), strict=True):
            for cell in cells:
                style, label = styles[cell.name]
                done = [r.finished for r in cell.runs]
                over_seeds(axes, _training(cell, name), done, style, label, thin=False)
            axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(3))
        row[0].set_ylabel(fill(STABILITY[name].replace("\n", " "), 18), fontsize=6.5)
    for axes in panels[-1]:
        axes.set_xlabel("steps")
    figure.align_ylabels(list(panels[:, 0]))
    legend(figure, list(panels.flat), width)
    return figure


def proxy_and_true(cells: Sequence[Cell], width: Width) -> Figure | None:
    """One panel a cell that recorded both rewards."""
    kinds = (("rollout/true_reward_mean", "true reward (verifier)"), ("rollout/proxy_reward_mean", "proxy (learned)"))
    chosen = [c for c in cells if any(r.series(kinds[1][0]) for r in c.runs)]
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
            over_seeds(axes, _training(cell, name), [r.finished for r in cell.runs], look(index), label)
        axes.set_title(cell.label)
        axes.set_xlabel("training steps")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    for axes in panels[:, 0]:
        axes.set_ylabel("mean reward")
    legend(figure, [panels[0, 0]], width)
    return figure


def _training(cell: Cell, name: str) -> list[Points]:
    return [[(float(s), v) for s, v in r.series(name) if s > 0] for r in cell.runs]


def _against(run: Run, cost: str) -> Points:
    """pass@1 against what was spent on the steps up to each evaluation."""
    points, spent = [], 0.0
    for row in run.metrics:
        spent += float(row.get(cost) or 0.0)
        if row.get("eval/pass@1") is not None:
            points.append((spent, float(row["eval/pass@1"])))
    return points
