"""The figure of lengths and self-checks over the steps of training: right and wrong completions, PPO beside GRPO."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib import pyplot
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from rlvr_bench.reports.cells.matching import algorithm, display, setting
from rlvr_bench.reports.figures.palette import LINES, Look, Looks, aggregation_look
from rlvr_bench.reports.figures.panels import draw_seeds, legend_form, legend_height, training_points
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.lengths import counted, kl_of

QUANTITIES = {
    "rollout/length_correct_mean": "right completions\n(tokens)",
    "rollout/length_wrong_mean": "wrong completions\n(tokens)",
    "rollout/check_fraction": "with a self-check\n(share)",
}
KL = {"": "no KL", "loss": "KL in the loss", "reward": "KL in the reward"}


def look_of(cell: Cell) -> Look:
    """Color and mark by the aggregation, line by the place of the KL; the algorithm has a panel of its own."""
    look = aggregation_look(str(setting(cell, "algorithm", "aggregation")))
    return Look(look.color, LINES[list(KL).index(kl_of(cell)[1])], look.marker)


def lengths(cells: Sequence[Cell], width: Width, looks: Looks) -> Figure | None:
    """A column for each algorithm, a row for each quantity; None where no task counted self-checks."""
    chosen = counted(cells)
    if not chosen:
        return None
    columns = list(dict.fromkeys(map(algorithm, chosen)))
    texts, handles = _legend(chosen)
    height = 1.2 * len(QUANTITIES) + legend_height(texts, width)
    figure, grid = pyplot.subplots(
        len(QUANTITIES), len(columns), figsize=size(width, height), squeeze=False, sharex=True, sharey="row"
    )
    for row, (metric, words) in zip(grid, QUANTITIES.items(), strict=True):
        row[0].set_ylabel(words)
        for axes, name in zip(row, columns, strict=True):
            for cell in (c for c in chosen if algorithm(c) == name):
                done = [run.finished for run in cell.runs]
                draw_seeds(axes, training_points(cell, metric), done, look_of(cell), cell.label, band=False)
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
            axes.yaxis.set_major_locator(MaxNLocator(4))
    for axes, name in zip(grid[0], columns, strict=True):
        axes.set_title(display(next(c for c in chosen if algorithm(c) == name)))
    for axes in grid[-1]:
        axes.set_xlabel("training steps")
    broken, count = legend_form(texts, width)
    figure.legend(handles, broken, loc="outside lower center", ncols=count)
    return figure


def _legend(cells: Sequence[Cell]) -> tuple[list[str], list[Any]]:
    """What color and line stand for, of what is there."""
    ways = dict.fromkeys(str(setting(cell, "algorithm", "aggregation")) for cell in cells)
    places = [place for place in KL if place in {kl_of(cell)[1] for cell in cells}]
    looks = {way: aggregation_look(way) for way in ways}
    handles = [Line2D([], [], color=look.color, marker=look.marker) for look in looks.values()]
    handles += [Line2D([], [], color="black", linestyle=LINES[list(KL).index(place)]) for place in places]
    return [*(way.replace("_", " ") for way in ways), *(KL[place] for place in places)], handles
