"""The figure of baselines: how noisy the policy gradient is with each, and when a critic helps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.figures.palette import STEPS, Looks
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.ladder import CRITIC, RUNGS, CriticPoint, RungNumbers, critic_points, rungs
from rlvr_bench.reports.numbers import count
from rlvr_bench.reports.stats import Estimate

LOWEST = -1.0  # of the axis of explained variance; lower ones stand at the edge as triangles
SMALL = 6.0  # points
AGREES, SHADE = "#EDEDED", "#767676"


def shown_cell(cells: Sequence[Cell]) -> Cell | None:
    """The cell whose policies the baselines are shown at: the first with a critic, else the first that has any."""
    measured = [c for c in cells if rungs(c)]
    with_critic = (c for c in measured if any(n.rung == CRITIC for n in rungs(c)))
    return next(with_critic, next(iter(measured), None))


def ladder(cells: Sequence[Cell], width: Width, looks: Looks) -> Figure | None:
    """Variance and cosine of each rung, and EVPO's claim where there is a critic."""
    cell = shown_cell(cells)
    if cell is None:
        return None
    found, points = rungs(cell), critic_points(cells)
    figure, (variances, cosines, claim) = _panels(width, claim=bool(points))
    _rows(variances, found, "relative")
    _rows(cosines, found, "cosine")
    variances.set_xscale("log")
    _plain_log(variances, "x")
    variances.axvline(1, color="black", linewidth=0.8, zorder=1)
    narrow = width == "column"
    variances.set_xlabel("variance\n(oracle = 1, log)" if narrow else "gradient variance\n(oracle's = 1, log)")
    cosines.set_xlabel("cosine\n(from -1 to 1)" if narrow else "cosine with the reference\n(from -1 to 1)")
    cosines.xaxis.set_major_locator(MaxNLocator(3))
    cosines.tick_params(labelleft=False)
    if claim is not None:
        _claim(claim, points, looks)
    _legend(figure, found, cells, points, looks, width)
    return figure


def _panels(width: Width, *, claim: bool) -> tuple[Figure, tuple[Axes, Axes, Axes | None]]:
    if width == "text":
        figure = pyplot.figure(figsize=size(width, 2.75))
        grid = figure.add_gridspec(1, 3 if claim else 2, width_ratios=(1, 1, 1.25) if claim else None)
        places = [grid[0, 0], grid[0, 1], *([grid[0, 2]] if claim else [])]
    else:
        figure = pyplot.figure(figsize=size(width, 4.5 if claim else 2.75))
        grid = figure.add_gridspec(2 if claim else 1, 2, height_ratios=(1.15, 1) if claim else None)
        places = [grid[0, 0], grid[0, 1], *([grid[1, :]] if claim else [])]
    first = figure.add_subplot(places[0])
    second = figure.add_subplot(places[1], sharey=first)
    return figure, (first, second, figure.add_subplot(places[2]) if claim else None)


def shown_steps(found: Sequence[RungNumbers]) -> list[int]:
    """At most as many as there are shades, the first and the last among them."""
    steps = sorted({n.step for n in found})
    places = np.linspace(0, len(steps) - 1, min(len(steps), len(STEPS))).round().astype(int)
    return [steps[i] for i in places]


def _rows(axes: Axes, found: Sequence[RungNumbers], what: str) -> None:
    """A row for each rung, in it a mark with its interval for each step, early ones on top."""
    names = [r for r in RUNGS if any(n.rung == r for n in found)]
    names += sorted({n.rung for n in found} - set(names))
    steps = shown_steps(found)
    for n in found:
        estimate: Estimate | None = getattr(n, what)
        if n.step not in steps or estimate is None:
            continue
        place, look = steps.index(n.step), STEPS[_shade(steps, n.step)]
        y = names.index(n.rung) + 0.22 * (place - (len(steps) - 1) / 2)
        if estimate.low is not None and estimate.high is not None:
            axes.plot([estimate.low, estimate.high], [y, y], color=SHADE, linewidth=0.8, zorder=2)
        axes.plot(
            estimate.value, y, look.marker, color=look.color, markeredgecolor="black", markeredgewidth=0.5,
            markersize=4, zorder=3,
        )  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    for edge in range(1, len(names)):
        axes.axhline(edge - 0.5, color="#dddddd", linewidth=0.5, zorder=0)


def _shade(steps: Sequence[int], step: int) -> int:
    """Of a step among those shown: the last is the darkest."""
    return len(STEPS) - len(steps) + steps.index(step)


def _claim(axes: Axes, points: Sequence[CriticPoint], looks: Looks) -> None:
    """EVPO: the critic lowers the variance exactly if it explains some; shaded where a point agrees."""
    for point in points:
        look = looks[point.cell]
        cut = point.explained < LOWEST
        axes.plot(
            max(point.explained, LOWEST), point.ratio, "<" if cut else look.marker, color=look.color,
            markeredgecolor="white", markeredgewidth=0.3, markersize=4, zorder=3,
        )  # fmt: skip
    axes.set_yscale("log")
    x = max(0.25, *(abs(max(p.explained, LOWEST)) for p in points)) * 1.12
    y = max(1.3, *(max(p.ratio, 1 / p.ratio) for p in points)) ** 1.6  # room for the words in the corners
    axes.set_xlim(-x, x)
    axes.set_ylim(1 / y, y)
    _plain_log(axes, "y")
    axes.fill_between([0, x], 1 / y, 1, color=AGREES, linewidth=0, zorder=0)
    axes.fill_between([-x, 0], 1, y, color=AGREES, linewidth=0, zorder=0)
    axes.axhline(1, color="black", linewidth=0.8, zorder=1)
    axes.axvline(0, color="black", linewidth=0.8, zorder=1)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    corners = {
        (0.98, 0.03): "explains some,\nless variance",
        (0.02, 0.97): "explains nothing,\nmore variance",
        (0.02, 0.03): "against EVPO",
        (0.98, 0.97): "against EVPO",
    }
    for (at, up), words in corners.items():
        axes.text(
            at, up, words, transform=axes.transAxes, fontsize=SMALL, color="#4D4D4D",
            ha="right" if at > 0.5 else "left", va="top" if up > 0.5 else "bottom",
        )  # fmt: skip
    axes.set_xlabel("explained variance of the critic\n(share)")
    axes.set_ylabel("variance, critic over\nbatch mean (ratio, log)")


def _plain_log(axes: Axes, which: str) -> None:
    """Numbers such as 0.5, 1 and 2 on a logarithmic axis."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axes.get_xlim() if which == "x" else axes.get_ylim()
    decades = np.log10(high / low)
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 1.6 else (1,)))
    axis.set_major_formatter(lambda v, _: f"{v:g}")
    axis.set_minor_formatter(NullFormatter())


def _legend(
    figure: Figure, found: Sequence[RungNumbers], cells: Sequence[Cell], points: Sequence[CriticPoint], looks: Looks,
    width: Width,
) -> None:  # fmt: skip
    steps = shown_steps(found)
    styles = [STEPS[_shade(steps, s)] for s in steps]
    handles = [
        Line2D([], [], color=s.color, marker=s.marker, linestyle="", markeredgecolor="black", markeredgewidth=0.5)
        for s in styles
    ]
    labels = [f"step {s}" for s in steps]
    for cell in cells:
        if any(p.cell == cell.name for p in points):
            handles.append(Line2D([], [], color=looks[cell.name].color, marker=looks[cell.name].marker, linestyle=""))
            labels.append(cell.label)
    columns = min(len(labels), 3 if width == "column" else 6)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, handlelength=1.0, columnspacing=1.2)


def remark(cells: Sequence[Cell]) -> str:
    """Whose policies these are, and how many points agree with EVPO."""
    cell, points = shown_cell(cells), critic_points(cells)
    if cell is None:
        return ""
    said = f"Policies of: {one_line(cell.label)}, {count(sum(bool(r.ladder) for r in cell.finished), 'seed')}."
    if points:
        said += f" {sum(p.agrees for p in points)} of {len(points)} points agree with EVPO's claim."
    return said
