"""The figure that the page opens with: accuracy against three budgets, and below it the difference of two cells."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib import patheffects, pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from rlvr_bench.harness.records import Hypothesis
from rlvr_bench.reports.cells.matching import Pair, matched_pair
from rlvr_bench.reports.figures.palette import Look
from rlvr_bench.reports.figures.panels import BAND_FROM, leave_room, scale_x
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.figures.subject import Subject
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import PASS
from rlvr_bench.reports.measures.bases import BaseLines, base_lines
from rlvr_bench.reports.measures.budgets import BUDGETS
from rlvr_bench.reports.measures.curves.budget_curves import Band, difference_curve, mean_curve

SQUEEZED = 0.5  # of the range of the curves: a difference that ends before has an x axis of its own
STRONG = 4  # as many cells have a band; of more only the compared ones
DIFFERENCE = Look("#4D4D4D")  # no algorithm's color
LABELS = {"samples": ("samples", ""), "flops": ("model compute", "FLOP"), "seconds": ("training time", "s")}
NARROW = {"model compute": "compute", "training time": "time"}
BASES: dict[str, Any] = {"base, greedy": ":", "base, best sampled": (0, (5, 2))}  # in the order of BaseLines
ACCURACY = ("pass@1", "greedy")


def accuracy_hypothesis(subject: Subject) -> Hypothesis | None:
    """The first of the part that is about accuracy."""
    part = subject.part.name if subject.part else ""
    named = (h for h in subject.study.manifest.hypotheses if h.part == part and h.measure in ACCURACY)
    return next(named, None)


def primary_pair(subject: Subject) -> Pair | None:
    """A and B of that hypothesis; where there is none, PPO and GRPO that differ by the critic alone."""
    by_name = {c.name: c for c in subject.cells}
    hypothesis = accuracy_hypothesis(subject)
    if hypothesis and all(name in by_name for name in hypothesis.cells):
        return by_name[hypothesis.cells[0]], by_name[hypothesis.cells[1]]
    return matched_pair(subject.cells)


def answer(subject: Subject, width: Width) -> Figure | None:
    """Curves above, difference below; a budget that was not recorded is left out.

    None for a part of one cell, which compares nothing.
    """
    curves = {b: {c.name: band for c in subject.cells if (band := mean_curve(c, b))} for b in BUDGETS}
    budgets = [b for b in BUDGETS if curves[b]]
    if not budgets or len(subject.cells) < 2 or subject.part is None:
        return None
    pair = primary_pair(subject)
    primary = {c.name for c in pair} if pair else set()
    differences = {b: difference_curve(*pair, b) if pair else None for b in budgets}
    both = any(differences.values())
    figure, panels = _panels(len(budgets), width, both=both)
    lines = base_lines(subject.study, subject.part)
    for place, (budget, axes) in enumerate(zip(budgets, panels[0], strict=True)):
        for cell in sorted(subject.cells, key=lambda c: c.name in primary):  # the compared ones on top
            strong = len(subject.cells) <= STRONG or cell.name in primary
            if band := curves[budget].get(cell.name):
                draw_band(axes, band, subject.looks[cell.name], cell.label, strong=strong)
        if lines:
            _draw_lines(axes, lines, labelled=place == 0 and width == "text")
    _leave_room(panels[0])
    hypothesis = accuracy_hypothesis(subject)
    for budget, axes in zip(budgets, panels[1] if both else (), strict=False):
        axes.axhline(0, color="black", linewidth=0.8, zorder=1)
        if hypothesis and hypothesis.scale == "difference":
            _draw_margin(axes, hypothesis)
        if found := differences[budget]:
            draw_band(axes, found, DIFFERENCE, "", strong=True, factor=100)
    _label(panels, budgets, width)
    _legend(figure, subject, pair if both else None, width, bases=lines is not None)
    return figure


def _panels(budgets: int, width: Width, *, both: bool) -> tuple[Figure, np.ndarray]:
    """Axes [0 accuracy or 1 difference, budget]; budgets below each other in a column."""
    rows = 2 if both else 1
    if width == "text":
        figure, made = pyplot.subplots(
            rows, budgets, figsize=size(width, 2.9 if both else 2.2), squeeze=False, sharey="row",
            height_ratios=(1.5, 1) if both else None,
        )  # fmt: skip
        return figure, made
    figure, made = pyplot.subplots(budgets, rows, figsize=size(width, 1.3 * budgets + 0.5), squeeze=False, sharey="col")
    return figure, made.T


def draw_band(axes: Axes, band: Band, look: Look, label: str, *, strong: bool, factor: float = 1) -> None:
    """Mean and interval from BAND_FROM seeds on, below that a line for each seed.

    Args:
        strong: a heavy line and the band; without it a thin line and no band.
        factor: from a share to the unit of the axis.
    """
    wide, see = (1.5, 1.0) if strong else (0.7, 0.75)
    many = len(band.seeds) >= BAND_FROM
    for values in [band.mean] if many else band.seeds:
        axes.plot(
            band.amounts, factor * values, color=look.color, linestyle=look.line, marker=look.marker,
            markersize=3 if strong else 2, markevery=max(1, len(values) // 6), linewidth=wide if many else wide * 0.6,
            alpha=see, label=label or "_",
        )  # fmt: skip
        label = ""
    if many and strong and band.low is not None and band.high is not None:
        axes.fill_between(
            band.amounts, factor * band.low, factor * band.high, color=look.color, alpha=0.22, linewidth=0
        )


def _draw_lines(axes: Axes, lines: BaseLines, *, labelled: bool) -> None:
    """What the base model can do without training, named at the right end."""
    high = max(lines.greedy, lines.best_sampled)
    for (name, style), value in zip(BASES.items(), (lines.greedy, lines.best_sampled), strict=True):
        axes.axhline(value, color="black", linestyle=style, linewidth=0.9, zorder=1)
        if labelled:
            above = value == high
            axes.annotate(
                name, (0.98, value), xycoords=("axes fraction", "data"), xytext=(0, 1.5 if above else -1.5),
                textcoords="offset points", ha="right", va="bottom" if above else "top", fontsize=6,
                path_effects=[patheffects.withStroke(linewidth=1.8, foreground="white")],
            )  # fmt: skip


def _leave_room(panels: Sequence[Axes]) -> None:
    """Below the lowest line, for its name; the panels share one y axis."""
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(low - 0.08 * (high - low), high)


def _draw_margin(axes: Axes, hypothesis: Hypothesis) -> None:
    """Where the proposition about the end of training holds, as light dashes."""
    margin = 100 * hypothesis.margin
    edges = {"greater": (margin,), "less": (-margin,), "equivalent": (-margin, margin)}[hypothesis.test]
    for edge in edges:
        axes.axhline(edge, color="#767676", linestyle=(0, (2, 2)), linewidth=0.7, zorder=1)


def _label(panels: np.ndarray, budgets: Sequence[str], width: Width) -> None:
    """Ranges, ticks and names; on a page a lower panel shares the x axis of the upper one, unless it is squeezed."""
    narrow, shared = width == "column", _share_x(panels)
    for row, what in zip(range(len(panels)), ("pass@1\n(share)", "difference\n(points)"), strict=False):
        for place, (budget, axes) in enumerate(zip(budgets, panels[row], strict=True)):
            axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
            label = scale_x(axes, *LABELS[budget], like=panels[0, place])
            if narrow or row == len(panels) - 1:
                axes.set_xlabel(_short(label) if narrow else label)
            elif shared:
                axes.tick_params(labelbottom=False)
            if narrow or place == 0:
                axes.set_ylabel(what)


def _share_x(panels: np.ndarray) -> bool:
    """Begin all x axes at 0, and end those of one budget together unless a difference would be squeezed by it."""
    ends = np.array([[axes.dataLim.x1 * 1.03 for axes in row] for row in panels])
    shared = bool((ends.min(axis=0) >= SQUEEZED * ends.max(axis=0)).all())
    for (row, column), axes in np.ndenumerate(panels):
        axes.set_xlim(0, ends[:, column].max() if shared else ends[row, column])
    return shared


def _short(label: str) -> str:
    for long, short in NARROW.items():
        label = label.replace(long, short)
    return label


def _legend(figure: Figure, subject: Subject, pair: Pair | None, width: Width, *, bases: bool) -> None:
    """The compared cells first, then the others, then their difference; in a column also the base model's lines."""
    strong = {c.name for c in pair} if pair and len(subject.cells) > STRONG else {c.name for c in subject.cells}
    cells: list[Cell] = [*(pair or ()), *(c for c in subject.cells if not pair or c not in pair)]
    shown = [c for c in cells if any(r.series(PASS) for r in c.finished)]
    handles = [
        Line2D([], [], color=look.color, linestyle=look.line, marker=look.marker,
               linewidth=1.5 if c.name in strong else 0.7)
        for c in shown for look in [subject.looks[c.name]]
    ]  # fmt: skip
    labels = [c.label for c in shown]
    if pair:
        handles.append(Line2D([], [], color=DIFFERENCE.color, linewidth=1.5, marker=DIFFERENCE.marker))
        labels.append(f"{pair[0].label} less {pair[1].label}")
    if width == "column" and bases:
        handles += [Line2D([], [], color="black", linestyle=style, linewidth=0.9) for style in BASES.values()]
        labels += list(BASES)
    if width == "column":
        labels = [fill(label, 24) for label in labels]
    columns = 2 if width == "column" else 4 if max(map(len, labels)) <= 22 else 3
    columns = min(columns, len(labels))
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, columnspacing=1.2)
    leave_room(figure, labels, columns)
