"""Figures over training: accuracy, stability, proxy against true reward."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from reports.load import Cell, Run
from reports.style import INCHES, Look, Width, look

STABILITY = {
    "train/approx_kl": "KL to the old policy\n(nats/token)",
    "rollout/kl_to_reference": "KL to the reference\n(nats/token)",
    "train/entropy": "entropy\n(nats/token)",
    "train/grad_norm": "actor's gradient norm",
    "train/clip_fraction": "clip fraction",
    "train/explained_variance": "explained variance\nof the critic",
    "rollout/zero_std_groups": "groups without a signal",
    "rollout/length_mean": "completion length\n(tokens)",
}
Points = list[tuple[float, float]]


def learning_curves(cells: Sequence[Cell], width: Width) -> Figure | None:
    """pass@1 against steps, tokens and seconds."""
    if not any(r.series("eval/pass@1") for c in cells for r in c.runs):
        return None
    axes_of: dict[str, Callable[[Run], Points]] = {
        "training steps": lambda r: [(float(s), v) for s, v in r.series("eval/pass@1")],
        "completion tokens": lambda r: _against(r, "cost/tokens"),
        "seconds of training": lambda r: _against(r, "cost/seconds"),
    }
    rows, columns, height = (1, 3, 2.25) if width == "text" else (3, 1, 5.4)
    figure, grid = pyplot.subplots(rows, columns, figsize=(INCHES[width], height), sharey=True, squeeze=False)
    for axes, (label, points) in zip(grid.flat, axes_of.items(), strict=True):
        for index, cell in enumerate(cells):
            _band(axes, [points(r) for r in cell.runs], [r.finished for r in cell.runs], look(index), cell.label)
        axes.set_xlabel(label)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.set_ylim(-0.02, 1.02)
    for axes in grid[:, 0]:
        axes.set_ylabel("held-out pass@1")
    _legend(figure, grid[0, 0], width)
    return figure


def stability(cells: Sequence[Cell], width: Width) -> Figure | None:
    """Small multiples of what shows trouble first."""
    names = [n for n in STABILITY if any(r.series(n) for c in cells for r in c.runs)]
    if not names:
        return None
    columns = 4 if width == "text" else 2
    rows = -(-len(names) // columns)
    figure, grid = pyplot.subplots(rows, columns, figsize=(INCHES[width], 1.55 * rows + 0.4), squeeze=False)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    for place, (axes, name) in enumerate(zip(grid.flat, names, strict=False)):
        for index, cell in enumerate(cells):
            series = [[(float(s), v) for s, v in r.series(name) if s > 0] for r in cell.runs]
            _band(axes, series, [r.finished for r in cell.runs], look(index), cell.label, thin=False)
        axes.set_title(STABILITY[name])
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        if place >= len(names) - columns:
            axes.set_xlabel("training steps")
    _legend(figure, grid[0, 0], width, every=[a for a in grid.flat if a.get_visible()])
    return figure


def proxy_and_true(cells: Sequence[Cell], width: Width) -> Figure | None:
    """One panel a cell that recorded both rewards."""
    kinds = (("rollout/true_reward_mean", "true reward (verifier)"), ("rollout/proxy_reward_mean", "proxy (learned)"))
    chosen = [c for c in cells if any(r.series(kinds[1][0]) for r in c.runs)]
    if not chosen:
        return None
    columns = min(len(chosen), 3 if width == "text" else 1)
    rows = -(-len(chosen) // columns)
    size = (INCHES[width] if width == "column" else min(INCHES[width], 1.2 + 2.6 * columns), 2.1 * rows + 0.25)
    figure, grid = pyplot.subplots(rows, columns, figsize=size, squeeze=False)
    for axes in grid.flat[len(chosen) :]:
        axes.set_visible(False)
    for axes, cell in zip(grid.flat, chosen, strict=False):
        for index, (name, label) in enumerate(kinds):
            series = [[(float(s), v) for s, v in r.series(name) if s > 0] for r in cell.runs]
            _band(axes, series, [r.finished for r in cell.runs], look(index), label)
        axes.set_title(cell.label)
        axes.set_xlabel("training steps")
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    for axes in grid[:, 0]:
        axes.set_ylabel("mean reward")
    _legend(figure, grid[0, 0], width)
    return figure


def _against(run: Run, cost: str) -> Points:
    """pass@1 against what was spent on the steps up to each evaluation."""
    points, spent = [], 0.0
    for row in run.metrics:
        spent += float(row.get(cost) or 0.0)
        if row.get("eval/pass@1") is not None:
            points.append((spent, float(row["eval/pass@1"])))
    return points


def _band(
    axes: Axes, series: list[Points], finished: list[bool], style: Look, label: str, *, thin: bool = True
) -> None:
    """Mean and range over finished seeds as far as all of them go, against their mean x; each seed as a thin line."""
    if thin:
        for points in series:
            axes.plot([x for x, _ in points], [y for _, y in points], color=style.colour, linewidth=0.5, alpha=0.6)
    whole = [p for p, done in zip(series, finished, strict=True) if done and p]
    if not whole:
        if not thin:
            for points in series:
                axes.plot([x for x, _ in points], [y for _, y in points], color=style.colour, linewidth=0.5)
        return
    length = min(len(p) for p in whole)
    values = np.array([p[:length] for p in whole])  # (seeds, points, 2)
    x, y = values[:, :, 0].mean(axis=0), values[:, :, 1]
    if len(whole) > 1:
        axes.fill_between(x, y.min(axis=0), y.max(axis=0), color=style.colour, alpha=0.15, linewidth=0)
    axes.plot(
        x,
        y.mean(axis=0),
        color=style.colour,
        linestyle=style.line,
        marker=style.marker,
        markevery=max(1, length // 6),
        label=label,
    )


def _legend(figure: Figure, axes: Axes, width: Width, every: Sequence[Axes] = ()) -> None:
    """One legend under the figure, with every cell that is drawn in any panel."""
    found = {}
    for panel in (axes, *every):
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    if found:
        columns = min(len(found), 3) if width == "text" else 1
        figure.legend(list(found.values()), list(found), loc="outside lower center", ncols=columns)
