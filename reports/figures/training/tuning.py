"""The figure of the random searches: what more trials would bring, and the trials against their learning rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.figures.palette import Look, Looks
from rlvr_bench.reports.figures.panels import legend
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.tuning import Search, expected_best, expected_best_band, searches

RATE = "train.lr"


def tuning(cells: Sequence[Cell], width: Width, looks: Looks) -> Figure | None:
    """None where no trial has a score; without drawn learning rates the first panel alone."""
    found = searches(cells)
    if not found:
        return None
    rates = any(RATE in t.settings for s in found for t in s.trials)
    panels = 2 if rates else 1
    shape, height = ((1, panels), 2.4) if width == "text" else ((panels, 1), 0.5 + 1.9 * panels)
    figure, axes = pyplot.subplots(*shape, figsize=size(width, height), squeeze=False)
    for search in found:
        look = looks[search.trials[0].cell.name]
        _expected(axes.flat[0], search, look)
        if rates:
            _strip(axes.flat[1], search, look)
    axes.flat[0].set_xlabel("trials of a search (count)")
    axes.flat[0].set_ylabel("expected best validation\npass@1 (share)")
    axes.flat[0].xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if rates:
        last = axes.flat[1]
        last.set_xscale("log")
        last.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if _narrow(last.get_xlim()) else (1,)))
        last.xaxis.set_major_formatter(lambda v, _: f"{v:.0e}".replace("e-0", "e-"))
        last.xaxis.set_minor_formatter(NullFormatter())
        last.set_xlabel("learning rate of the actor (log)")
        last.set_ylabel("validation pass@1\nof a trial (share)")
    legend(figure, [axes.flat[0]], width)
    return figure


def _narrow(limits: tuple[float, float]) -> bool:
    """Whether powers of ten alone would be too few ticks."""
    return limits[1] / limits[0] < 300


def _expected(axes: Axes, search: Search, look: Look) -> None:
    scores = [t.score for t in search.trials]
    x = np.arange(1, len(scores) + 1)
    label = f"{one_line(search.label)} ({len(scores)} trials)"
    if len(scores) > 1:
        low, high = expected_best_band(scores)
        axes.fill_between(x, low, high, color=look.color, alpha=0.22, linewidth=0)
    axes.plot(
        x, expected_best(scores), color=look.color, marker=look.marker, markevery=max(1, len(x) // 6), label=label
    )


def _strip(axes: Axes, search: Search, look: Look) -> None:
    """A mark for each trial, the best one filled."""
    for trial in search.trials:
        rate = trial.settings.get(RATE)
        if isinstance(rate, (int, float)) and rate > 0:
            best = trial is search.best
            axes.plot(
                rate, trial.score, look.marker, color=look.color, markersize=6 if best else 3.5,
                markerfacecolor=look.color if best else "none", markeredgecolor="black" if best else look.color,
                zorder=3 if best else 2,
            )  # fmt: skip
