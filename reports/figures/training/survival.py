"""The figure of survival: the share of runs that have not collapsed, over the steps of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot
from matplotlib.figure import Figure

from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.figures.palette import Look, Looks
from rlvr_bench.reports.figures.panels import legend, legend_height
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.collapse import times_to_collapse
from rlvr_bench.reports.measures.curves.tuning import searches
from rlvr_bench.reports.stats import Arrival, survival


def of_runs(cells: Sequence[Cell], width: Width, looks: Looks) -> Figure | None:
    """A curve for each cell, over its seeds; None where no run collapsed."""
    return _draw({one_line(c.label): (looks[c.name], times_to_collapse([c])) for c in cells}, width)


def of_trials(cells: Sequence[Cell], width: Width, looks: Looks) -> Figure | None:
    """A curve for each search, over its trials; None where no trial collapsed."""
    return _draw(
        {
            one_line(s.label): (looks[s.trials[0].cell.name], times_to_collapse(t.cell for t in s.trials))
            for s in searches(cells)
        },
        width,
    )


def _draw(curves: Mapping[str, tuple[Look, list[Arrival]]], width: Width) -> Figure | None:
    if not any(one.reached for _, times in curves.values() for one in times):
        return None
    labels = {
        f"{label} ({sum(one.reached for one in times)} of {len(times)})": (look, times)
        for label, (look, times) in curves.items()
        if times
    }
    figure, axes = pyplot.subplots(figsize=size(width, 1.9 + legend_height(list(labels), width)))
    last = max(one.time for _, times in labels.values() for one in times)
    for label, (look, times) in labels.items():
        steps, left = survival(times)
        x, y = np.array([0.0, *steps, last]), np.array([1.0, *left, left[-1]])
        axes.step(
            x, y, where="post", color=look.color, linestyle=look.line, marker=look.marker,
            markevery=max(1, len(x) // 6), label=label,
        )  # fmt: skip
    axes.set_xlim(0, last)
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("step of training")
    axes.set_ylabel("not collapsed (share)")
    legend(figure, [axes], width)
    return figure
