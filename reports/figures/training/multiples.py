"""Small multiples of training metrics are drawn here, over the steps of training; what never changed is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from textwrap import fill

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from rlvr_bench.reports.cells.reward_setting import RewardSetting
from rlvr_bench.reports.figures.palette import Looks
from rlvr_bench.reports.figures.panels import (
    CROWD,
    Points,
    common_x,
    crowded_by_reward,
    draw_seeds,
    grid,
    legend,
    legend_height,
    on_page,
    repeated,
    short_labels,
    training_points,
)
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.load import Cell

Series = Callable[[Cell, str], list[Points]]  # (cell, metric) -> one series a run
Quantities = Mapping[str, str]  # metric -> name with its unit in brackets, on one or two lines
SKEWED = 20.0  # largest value over the median from which on the scale is logarithmic
NEGLIGIBLE = 1e-6  # a quantity whose values are no further apart than this is constant


@dataclass(frozen=True)
class Multiples:
    """A figure and its panels by metric."""

    figure: Figure
    panels: Mapping[str, Sequence[Axes]]


def recorded_points(cell: Cell, metric: str) -> list[Points]:
    """A metric over all steps that recorded it, step 0 too, one series a run."""
    return [[(float(s), v) for s, v in r.series(metric)] for r in cell.runs]


def left_out(cells: Sequence[Cell], quantities: Quantities, *, points: Series = training_points) -> str:
    """A sentence on the quantities that were recorded and never changed; empty without any."""
    found = {n: _values(cells, n, points) for n in quantities}
    constant = [f"{in_words(quantities[n])} ({v[0]:.3g})" for n, v in found.items() if v and _is_constant(v)]
    return f"Constant in every run, and therefore left out: {', '.join(constant)}." if constant else ""


def multiples(
    cells: Sequence[Cell],
    width: Width,
    looks: Looks,
    quantities: Quantities,
    *,
    points: Series = training_points,
    page: int = 0,
) -> Multiples | None:
    """A panel for each quantity that changed; many cells under several rewards get a panel for each reward.

    Args:
        points: (x, y) of each run of a cell, of one metric.
        page: which EACH of the rewards; None where there are no more.
    """
    shown = {n: words for n, words in quantities.items() if not _is_constant(_values(cells, n, points))}
    if not shown:
        return None
    if groups := crowded_by_reward(cells):
        of_page = on_page(groups, page)
        return _by_reward(of_page, shown, width, looks, points) if of_page else None
    if page > 0:
        return None
    names = list(shown)
    columns = min(2, len(names)) if width == "column" else 3 if len(names) in (3, 5, 6) else min(4, len(names))
    rows, below = -(-len(names) // columns), legend_height([c.label for c in cells], width)
    figure, panels = pyplot.subplots(rows, columns, figsize=size(width, 1.5 * rows + below), squeeze=False)
    for axes in panels.flat[len(names) :]:
        axes.set_visible(False)
    for place, (axes, name) in enumerate(zip(panels.flat, names, strict=False)):
        for cell in cells:
            done = [r.finished for r in cell.runs]
            few = len(cells) <= CROWD
            draw_seeds(axes, points(cell, name), done, looks[cell.name], cell.label, band=few)
        axes.set_title(shown[name])
        if _is_skewed(_values(cells, name, points)):
            _log(axes, 5)
            axes.set_title(shown[name].replace(")", ", log)"))
        else:
            axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 5, 10]))
        if place >= len(names) - columns:
            axes.set_xlabel("training steps")
    legend(figure, [a for a in panels.flat if a.get_visible()], width)
    return Multiples(figure, {name: [axes] for name, axes in zip(names, panels.flat, strict=False)})


def _by_reward(
    groups: Mapping[RewardSetting, tuple[Cell, ...]], shown: Quantities, width: Width, looks: Looks, points: Series
) -> Multiples:
    cells_of = [c for g in groups.values() for c in g]
    labels = short_labels(cells_of)
    figure, panels = grid(len(shown), list(groups), width, turn=False, height=1.0, shared_y=False)
    for row, name in zip(panels, shown, strict=True):
        for axes, cells in zip(row, groups.values(), strict=True):
            for cell in cells:
                done = [r.finished for r in cell.runs]
                draw_seeds(axes, points(cell, name), done, looks[cell.name], labels[cell.name])
            axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(2))
            axes.tick_params(labelbottom=False)
            for line in axes.lines:
                line.set_markersize(1.6)
        words = shown[name].replace("\n", " ")
        if _is_skewed(_values(cells_of, name, points)):
            _log(row[0], 3)
            words = words.replace(")", ", log)")
        row[0].set_ylabel(fill(words, 14), fontsize=6)
    common_x(list(panels.T))
    for axes in panels[-1]:
        axes.set_xlabel("steps")
        axes.tick_params(labelbottom=True)
    figure.align_ylabels(list(panels[:, 0]))
    legend(figure, list(panels.flat), width, solid=repeated(labels))
    return Multiples(figure, {name: list(row) for name, row in zip(shown, panels, strict=True)})


def _values(cells: Sequence[Cell], name: str, points: Series) -> list[float]:
    return [v for c in cells for series in points(c, name) for _, v in series]


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


def in_words(quantity: str) -> str:
    """A quantity's name without its unit."""
    return quantity.replace("\n", " ").split(" (")[0]
