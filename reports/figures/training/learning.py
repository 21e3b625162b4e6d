"""Learning curves are drawn here: held-out pass@1 against steps, tokens and seconds.

Up to four cells share a panel.  More of them, under several rewards, get a panel for each reward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from matplotlib import pyplot
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from rlvr_bench.reports.cells.reward_setting import RewardSetting
from rlvr_bench.reports.figures.palette import Looks
from rlvr_bench.reports.figures.panels import (
    Points,
    common_x,
    crowded_by_reward,
    draw_seeds,
    grid,
    legend,
    short_labels,
)
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.accuracy import PASS

SCORE = "held-out pass@1\n(share)"
NARROW = {"training steps": "steps", "completion tokens": "tokens", "training time (s)": "time (s)"}


def learning_curves(cells: Sequence[Cell], width: Width, looks: Looks) -> Figure | None:
    """pass@1 against steps, tokens and seconds."""
    if not any(r.series(PASS) for c in cells for r in c.runs):
        return None
    axes_of: dict[str, Callable[[Run], Points]] = {
        "training steps": lambda r: [(float(s), v) for s, v in r.series(PASS)],
        "completion tokens": lambda r: score_against(r, "cost/tokens"),
        "training time (s)": lambda r: score_against(r, "cost/seconds"),
    }
    if groups := crowded_by_reward(cells):
        return _learning_by_reward(groups, axes_of, width, looks)
    rows, columns, height = (1, 3, 2.25) if width == "text" else (3, 1, 5.4)
    figure, panels = pyplot.subplots(rows, columns, figsize=size(width, height), sharey=True, squeeze=False)
    for axes, (label, points) in zip(panels.flat, axes_of.items(), strict=True):
        for cell in cells:
            done = [r.finished for r in cell.runs]
            draw_seeds(axes, [points(r) for r in cell.runs], done, looks[cell.name], cell.label)
        axes.set_xlabel(label)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.set_ylim(-0.02, 1.02)
    for axes in panels[:, 0]:
        axes.set_ylabel(SCORE)
    legend(figure, [panels[0, 0]], width)
    return figure


def _learning_by_reward(
    groups: Mapping[RewardSetting, tuple[Cell, ...]],
    axes_of: Mapping[str, Callable[[Run], Points]],
    width: Width,
    looks: Looks,
) -> Figure:
    turn = width == "column"
    labels = short_labels([c for g in groups.values() for c in g])
    figure, panels = grid(3, list(groups), width, turn=turn, height=1.2 if turn else 1.5, shared_y=True)
    for row, (label, points) in zip(panels, axes_of.items(), strict=True):
        for axes, cells in zip(row, groups.values(), strict=True):
            for cell in cells:
                done = [r.finished for r in cell.runs]
                draw_seeds(axes, [points(r) for r in cell.runs], done, looks[cell.name], labels[cell.name])
            axes.set_ylim(-0.02, 1.02)
            axes.xaxis.set_major_locator(MaxNLocator(3 if turn else 5))
            axes.xaxis.set_major_formatter(EngFormatter(sep=""))
            if not turn or axes is row[-1]:
                axes.set_xlabel(NARROW.get(label, label) if turn else label)
        if common_x([[axes] for axes in row]) and turn:
            for axes in row[:-1]:
                axes.tick_params(labelbottom=False)
    for axes in panels[0] if turn else panels[:, 0]:
        axes.set_ylabel(SCORE)
    legend(figure, list(panels.flat), width, solid=list(labels.values()))
    return figure


def score_against(run: Run, cost: str) -> Points:
    """pass@1 against what was spent on the steps up to each evaluation."""
    points, spent = [], 0.0
    for row in run.metrics:
        spent += float(row.get(cost) or 0.0)
        if row.get(PASS) is not None:
            points.append((spent, float(row[PASS])))
    return points
