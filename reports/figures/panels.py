"""What the figures over training share is drawn here: seeds, one legend, a grid of quantities by reward."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator

from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.cells.reward_setting import RewardSetting, by_reward_setting
from rlvr_bench.reports.figures.palette import Look
from rlvr_bench.reports.figures.style import PAGE, Width, size
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.windows import training_series

Points = list[tuple[float, float]]
CROWD = 4  # with more cells than this, a panel for each reward
EACH, PAGES = 5, 3  # rewards on a page, and pages; more rewards than that are in the tables alone
BAND_FROM = 3  # finished seeds; fewer are drawn as lines
PREFIXES = ("", "k", "M", "G", "T", "P", "E")
COUNTS = ("", "10³", "10⁶", "10⁹", "10¹²", "10¹⁵", "10¹⁸")
LETTERS = 22  # of a line of a legend with two columns, in a column
LONG = 40  # letters of a label that makes the legend of a column have one column
ALIKE = 1.5  # ranges that differ by no more than this factor are drawn on one scale


def crowded_by_reward(cells: Sequence[Cell]) -> dict[RewardSetting, tuple[Cell, ...]] | None:
    """The cells by what they were rewarded by, where one panel would be too full for them all and this mends it."""
    groups = by_reward_setting(cells)
    return groups if len(cells) > CROWD >= max(map(len, groups.values())) else None


def on_page(groups: Mapping[RewardSetting, tuple[Cell, ...]], page: int) -> dict[RewardSetting, tuple[Cell, ...]]:
    """EACH of the rewards, counted from page 0; none where there are no more."""
    return dict(list(groups.items())[page * EACH : (page + 1) * EACH])


def short_labels(cells: Sequence[Cell]) -> dict[str, str]:
    """Legend entry of each cell by name where a panel names the reward: its algorithm's.

    Its own label where two cells share both.
    """
    groups = by_reward_setting(cells).values()
    if all(len({matching.algorithm(c) for c in g}) == len(g) for g in groups):
        return {c.name: (matching.algorithm(c) or c.name).upper() for c in cells}
    return {c.name: c.label for c in cells}


def repeated(labels: Mapping[str, str]) -> list[str]:
    """Legend entries that stand for several cells, whose lines differ in style."""
    return [label for label, cells in Counter(labels.values()).items() if cells > 1]


def grid(
    quantities: int, groups: Sequence[RewardSetting], width: Width, *, turn: bool, height: float, shared_y: bool
) -> tuple[Figure, np.ndarray]:
    """Figure and axes[quantity, group]: groups side by side, or below each other if `turn`.

    Args:
        height: inches of a row, less where the figure would become too tall.
        shared_y: one scale for all panels, not only for those of one quantity.
    """
    rows, columns = (len(groups), quantities) if turn else (quantities, len(groups))
    figure, made = pyplot.subplots(
        rows, columns, figsize=size(width, height * rows + 0.45), squeeze=False,
        sharey=True if shared_y else "col" if turn else "row",
    )  # fmt: skip
    axes = made.T if turn else made
    letters = 40 if turn else {"text": 108, "column": 48}[width] // max(3, len(groups))
    for place, group in zip(axes[0], groups, strict=True):
        points = 7.5 if turn or width == "text" else 6.0
        place.set_title(fill(group.title, letters), loc="left" if turn else "center", fontsize=points)
    return figure, axes


def common_x(groups: Sequence[Sequence[Axes]]) -> bool:
    """One x range for the panels of each group, and one for all where no group would be squeezed by it.

    Returns:
        whether all have one range.
    """
    drawn = [[axes for axes in group if axes.has_data()] for group in groups]
    ranges = [
        (min(a.get_xlim()[0] for a in group), max(a.get_xlim()[1] for a in group)) if group else None for group in drawn
    ]
    found = [r for r in ranges if r]
    spans = [high - low for low, high in found]
    alike = not spans or bool(max(spans) <= ALIKE * min(spans))
    for group, of_group in zip(drawn, ranges, strict=True):
        for axes in group:
            if alike:
                axes.set_xlim(min(low for low, _ in found), max(high for _, high in found))
            elif of_group:
                axes.set_xlim(*of_group)
    return alike


def draw_seeds(
    axes: Axes, series: Sequence[Points], finished: Sequence[bool], look: Look, label: str, *, band: bool = True
) -> None:
    """Mean and range over the finished seeds, from BAND_FROM of them on; below that a line for each seed.

    A run that did not finish is a thin line: it is in no mean.

    Args:
        band: draw the range; where many cells share a panel it would hide the others.
    """
    whole = [p for p, done in zip(series, finished, strict=True) if done and p]
    broken = [p for p, done in zip(series, finished, strict=True) if not done and p]
    if len(whole) >= BAND_FROM:
        length = min(len(p) for p in whole)
        values = np.array([p[:length] for p in whole])  # (seeds, points, 2)
        x, y = values[..., 0].mean(axis=0), values[..., 1]
        if band:
            axes.fill_between(x, y.min(axis=0), y.max(axis=0), color=look.color, alpha=0.22, linewidth=0)
        _line(axes, x, y.mean(axis=0), look, 1.3 if band else 0.9, label)
        label = ""
    else:
        for points in whole:
            _line(axes, *_columns(points), look, 0.9, label)
            label = ""
    for points in broken:
        _line(axes, *_columns(points), look, 0.5, label)
        label = ""


def _columns(points: Points) -> tuple[np.ndarray, np.ndarray]:
    return np.array([x for x, _ in points]), np.array([y for _, y in points])


def _line(axes: Axes, x: np.ndarray, y: np.ndarray, look: Look, width: float, label: str) -> None:
    axes.plot(
        x, y, color=look.color, linestyle=look.line, linewidth=width, marker=look.marker,
        markevery=max(1, len(x) // 6), label=label or "_",
    )  # fmt: skip


def legend(
    figure: Figure, panels: Sequence[Axes], width: Width, last: Sequence[str] = (), solid: Collection[str] = ()
) -> None:
    """One legend under the figure, with every cell that is drawn in any panel.

    Args:
        last: entries that come behind the others.
        solid: entries that stand for lines of several styles, one in each panel; shown as solid lines.
    """
    found = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            if label in solid and isinstance(handle, Line2D):
                handle = Line2D([], [], color=handle.get_color(), marker=handle.get_marker())
            found.setdefault(label, handle)
    found |= {label: found.pop(label) for label in last if label in found}
    if found:
        labels, columns = legend_form(list(found), width)
        figure.legend(list(found.values()), labels, loc="outside lower center", ncols=columns)
        leave_room(figure, labels, columns)


def leave_room(figure: Figure, labels: Sequence[str], columns: int) -> None:
    """A legend of many cells makes its figure taller, where it would leave the panels less than half of it."""
    wide, tall = figure.get_size_inches()
    needed = _height_of(labels, columns)
    if needed > tall / 2:
        figure.set_size_inches(wide, min(PAGE, tall + needed))


def legend_form(labels: Sequence[str], width: Width) -> tuple[list[str], int]:
    """The labels, broken into lines where they are long, and how many columns they take."""
    if width == "column" and max(map(len, labels)) > LONG:
        return [fill(label, 2 * LETTERS + 4) for label in labels], 1
    broken = [fill(label, LETTERS) for label in labels] if width == "column" else list(labels)
    longest = max(len(line) for label in broken for line in label.split("\n"))
    columns = (4 if longest <= 20 else 3) if width == "text" else 3 if longest <= 12 and len(labels) != 4 else 2
    return broken, min(columns, len(labels))


def legend_height(labels: Sequence[str], width: Width) -> float:
    """Inches that a legend of these labels takes, about."""
    if not labels:
        return 0.0
    return _height_of(*legend_form(labels, width))


def _height_of(labels: Sequence[str], columns: int) -> float:
    rows = -(-len(labels) // columns)
    lines = max(sum(label.count("\n") + 1 for label in labels[i * rows : (i + 1) * rows]) for i in range(columns))
    return 0.1 + 0.14 * lines


def scale_x(axes: Axes, name: str, unit: str, *, like: Axes | None = None) -> str:
    """Number the x axis, from 0, in a larger unit where that reads better, and give the label that says which.

    Args:
        unit: takes a prefix, as FLOP does; "s" becomes minutes or hours; "" is a count.
        like: another panel, whose unit is taken.
    """
    end = axes.get_xlim()[1]
    high = like.get_xlim()[1] if like else end
    if unit == "s":
        scale, shown = next(((n, u) for n, u in ((3600, "h"), (60, "min")) if high >= 10 * n), (1, "s"))
    else:
        power = int(np.clip(np.floor(np.log10(high) / 3), 0, len(PREFIXES) - 1)) if high > 0 else 0
        scale, shown = 1000**power, f"{PREFIXES[power]}{unit}" if unit else COUNTS[power]
    inside = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(0, end / scale)
    axes.xaxis.set_major_locator(FixedLocator([scale * x for x in inside if x <= end / scale]))
    axes.xaxis.set_major_formatter(lambda x, _: f"{x / scale:g}")
    return f"{name} ({shown})" if shown else name


def training_points(cell: Cell, metric: str) -> list[Points]:
    """A metric over the steps of training, one series a run."""
    return [[(float(s), v) for s, v in training_series(r, metric)] for r in cell.runs]
