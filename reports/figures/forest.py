"""The forest plot: every effect of the study with its interval, against where its proposition holds.

Rows are grouped by question.  Differences of shares are drawn in percentage points, ratios on a logarithmic scale; an
effect in another unit fits neither and is left to the table.  A figure has PER_PAGE rows at most, so many effects take
several figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, log
from textwrap import fill
from typing import Any, Literal

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter, NullLocator

from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.figures.subject import Effect, Subject

PER_PAGE = 16  # rows with the headings of their groups
PAGES = 6  # figures that a study can have
SMALL = 6.0  # points
ROW: dict[Width, float] = {"text": 0.175, "column": 0.215}  # inches; names take two lines in a column
QUESTIONS = {
    "accuracy": "Accuracy",
    "budget": "Equal budget",
    "cost": "Cost",
    "memory": "Memory",
    "stability": "Stability",
    "critic": "The critic's values",
    "reward": "Rewards",
    "length": "Length and self-checks",
}
MARKS = {
    "supported": "o",
    "refuted": "s",
    "inconclusive": "D",
    "undecidable": "^",
    "arithmetic": "P",
}
LETTERS, BREAK = 50, 28  # letters of a name on a page, and of each of its two lines in a column
HOLDS, INK = "#D8E6EF", "#1A1A1A"
POINTS = "points"
Scale = Literal["points", "ratio"]


@dataclass(frozen=True)
class Row:
    """One line of the figure: an effect, or without one the heading of a group."""

    label: str
    effect: Effect | None = None


def scale_of(effect: Effect) -> Scale | None:
    """The scale that an effect is drawn on; None where it has no number, or fits neither."""
    e = effect.estimate
    if e is None or not isfinite(e.value):  # as of seconds to a target that one of the two never reached
        return None
    if effect.scale == "ratio":
        return "ratio" if e.value > 0 else None
    return POINTS if effect.unit == POINTS else None


def pages(subject: Subject) -> list[list[Row]]:
    """The rows of each figure, whole groups where they fit; those named beforehand come first in their group."""
    drawn = [f for f in subject.findings if scale_of(f)]
    groups: dict[str, list[Effect]] = {q: [] for q in QUESTIONS}
    for effect in drawn:
        groups.setdefault(effect.question, []).append(effect)
    found: list[list[Row]] = []
    for question, effects in groups.items():
        title = QUESTIONS.get(question, question.capitalize())
        ordered = sorted(effects, key=lambda f: not f.primary)
        for start in range(0, len(ordered), PER_PAGE - 1):
            some = ordered[start : start + PER_PAGE - 1]
            rows = [Row(title + (" (continued)" if start else "")), *(Row(_label(f, subject), f) for f in some)]
            if found and len(found[-1]) + len(rows) <= PER_PAGE:
                found[-1] += rows
            else:
                found.append(rows)
    return found


def _label(effect: Effect, subject: Subject) -> str:
    """Id of the claim, name of the part where there are several; names of the cells where that is not enough."""
    parts = {p.title: p.name for p in subject.study.manifest.parts}
    part = parts.get(effect.part, "") if len(parts) > 1 else ""
    cells = {c.label: c.name for c in subject.study.manifest.cells}
    alike = [f for f in subject.findings if scale_of(f) and (f.id, f.part) == (effect.id, effect.part)]
    pair = " / ".join(cells.get(label, label) for label in effect.pair or ()) if len(alike) > 1 else ""
    return one_line(", ".join(filter(None, (effect.id, part, pair))))


def forest(subject: Subject, width: Width, page: int = 0) -> Figure | None:
    """One figure of the study's effects; None where there are not so many."""
    made = pages(subject)
    if page >= len(made):
        return None
    rows = made[page]
    scales: list[Scale] = [s for s in (POINTS, "ratio") if any(r.effect and scale_of(r.effect) == s for r in rows)]
    figure, panels = pyplot.subplots(
        1, len(scales), figsize=size(width, ROW[width] * len(rows) + 0.85), squeeze=False, sharey=True
    )
    for axes, scale in zip(panels[0], scales, strict=True):
        _panel(axes, rows, scale, width)
    _rows(panels[0], rows, width)
    _legend(figure, rows, width)
    return figure


def _panel(axes: Axes, rows: Sequence[Row], scale: Scale, width: Width) -> None:
    """The effects of one scale, each with its interval and the band in which its proposition holds."""
    mine = [(y, r.effect) for y, r in enumerate(rows) if r.effect and scale_of(r.effect) == scale]
    low, high = limits([f for _, f in mine], scale)
    if scale == "ratio":
        axes.set_xscale("log")
    axes.set_xlim(low, high)
    for y, effect in mine:
        if effect.holds is not None:
            start, end = (_on_axis(v, scale) for v in effect.holds)
            start, end = max(start, low), min(end, high)
            if start < end:
                axes.fill_between([start, end], y - 0.42, y + 0.42, color=HOLDS, linewidth=0, zorder=0)
        _mark(axes, y, effect, scale, low, high)
    axes.axvline(0 if scale == POINTS else 1, color="black", linewidth=0.8, zorder=1)
    axes.grid(visible=False, axis="y")
    if scale == POINTS:
        axes.xaxis.set_major_locator(MaxNLocator(4 if width == "column" else 6, steps=[1, 2, 5, 10]))
        axes.set_xlabel("difference\n(points)" if width == "column" else "difference (points)")
    else:
        axes.xaxis.set_major_locator(FixedLocator(_ratios(low, high, 4 if width == "column" else 6)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(lambda v, _: f"{v:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("ratio\n(log)" if width == "column" else "ratio (log)")


def limits(effects: Sequence[Effect], scale: Scale) -> tuple[float, float]:
    """Ends of the axis: all estimates and ends of propositions, and intervals as far as half of that spread beyond.

    A wild interval, of two seeds, would press everything else together.
    """
    middle = 0.0 if scale == POINTS else 1.0
    inner, outer = [_position(middle, scale)], []
    for effect in effects:
        e = effect.estimate
        assert e is not None
        inner.append(_position(_on_axis(e.value, scale), scale))
        outer += [_position(_on_axis(v, scale), scale) for v in (e.low, e.high) if v is not None and v > -inf]
        ends = [_on_axis(v, scale) for v in effect.holds or () if abs(v) < inf and (scale == POINTS or v > 0)]
        inner += [_position(v, scale) for v in ends]
    least = 1.0 if scale == POINTS else log(1.1)
    spread = max(max(inner) - min(inner), least)
    low = max(min([*inner, *outer]), min(inner) - spread / 2)
    high = min(max([*inner, *outer]), max(inner) + spread / 2)
    room = 0.06 * max(high - low, least)
    ends = low - room, high + room
    return ends if scale == POINTS else (2.0 ** (ends[0] / log(2)), 2.0 ** (ends[1] / log(2)))


def _on_axis(value: float, scale: Scale) -> float:
    return 100 * value if scale == POINTS else value


def _position(value: float, scale: Scale) -> float:
    """Where a number of the axis stands: linear, or its logarithm."""
    return value if scale == POINTS else log(max(value, 1e-12))


def _ratios(low: float, high: float, most: int) -> list[float]:
    """Round ratios inside the limits, at most so many."""
    steps = [[round(k * step, 2) for k in range(1, int(high / step) + 1)] for step in (0.05, 0.1, 0.2, 0.25, 0.5)]
    decades = [10.0**k for k in range(-6, 7)]
    round_ones = [m * d for d in decades for m in (1, 2, 5)]
    for ticks in [*steps, round_ones, decades] if high < 4 * low else [round_ones, decades]:
        found = [v for v in ticks if low <= v <= high]
        if 2 <= len(found) <= most:
            return found
    return [1.0]


def _mark(axes: Axes, y: int, effect: Effect, scale: Scale, low: float, high: float) -> None:
    e = effect.estimate
    assert e is not None
    if e.low is not None and e.high is not None:
        ends = [_on_axis(e.low, scale), _on_axis(e.high, scale)]
        axes.plot([max(ends[0], low), min(ends[1], high)], [y, y], color=INK, linewidth=1.0, zorder=2)
        for end, edge, head in ((ends[0], low, "<"), (ends[1], high, ">")):
            if (end < low) if head == "<" else (end > high):
                axes.plot(edge, y, head, color=INK, markersize=3.5, clip_on=False, zorder=2)
    axes.plot(
        _on_axis(e.value, scale), y, MARKS.get(effect.conclusion, "X"), color=INK, markersize=4.5,
        markerfacecolor=INK if effect.primary else "white", markeredgewidth=0.9, zorder=3,
    )  # fmt: skip


def _rows(panels: Sequence[Axes], rows: Sequence[Row], width: Width) -> None:
    """Names on the left, headings in bold; on a page also numbers and verdicts on the right."""
    first = panels[0]
    labels = [_fitting(r.label, width) if r.effect else r.label for r in rows]
    first.set_yticks(range(len(rows)), labels, fontsize=SMALL)
    for tick, row in zip(first.get_yticklabels(), rows, strict=True):
        tick.set_fontweight("normal" if row.effect else "bold")
    first.set_ylim(len(rows) - 0.4, -0.6)
    for axes in panels:
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    if width == "column":
        return
    last: Any = panels[-1]
    for y, row in enumerate(rows):
        if row.effect:
            for at, words in ((5, row.effect.conclusion), (50, _number(row.effect))):
                last.annotate(
                    words, (1, y), xycoords=("axes fraction", "data"), xytext=(at, 0), textcoords="offset points",
                    fontsize=SMALL, va="center", ha="left", annotation_clip=False,
                )  # fmt: skip


def _fitting(label: str, width: Width) -> str:
    """A name on one line, or on two in a column; cut where it is longer."""
    if width == "text":
        return label if len(label) <= LETTERS else label[: LETTERS - 1] + "…"
    # The names of two cells stay together.
    kept = label.replace(" / ", "\u00a0/\u00a0")
    broken = fill(kept, BREAK, break_on_hyphens=False, max_lines=2, placeholder="…")
    return broken.replace("\u00a0", " ")


def _number(effect: Effect) -> str:
    show = numbers.points if scale_of(effect) == POINTS else numbers.factor
    text = numbers.with_interval(effect.estimate, show).replace(" (n = 1, no interval)", "")
    return text.replace("[0.00,", "[0,").replace("inf]", "∞)")


def _legend(figure: Figure, rows: Sequence[Row], width: Width) -> None:
    """Marks of the verdicts that are drawn, filled and hollow, and the band."""
    drawn = [r.effect for r in rows if r.effect]
    present = [c for c in MARKS if any(f.conclusion == c for f in drawn)]
    handles: list[Any] = [
        Line2D([], [], color=INK, marker=MARKS[c], linestyle="", markerfacecolor="white", markersize=4.5)
        for c in present
    ]
    labels = list(present)
    if any(f.primary for f in drawn):
        handles.append(Line2D([], [], color=INK, marker="o", linestyle="", markersize=4.5))
        labels.append("filled: primary")
    if any(f.holds is not None for f in drawn):
        handles.append(Patch(color=HOLDS))
        labels.append("proposition holds")
    columns = min(len(labels), 3 if width == "column" else 7)
    figure.legend(
        handles, labels, loc="outside lower center", ncols=columns, handlelength=1.0, columnspacing=1.0, fontsize=6.5
    )


def remark(subject: Subject) -> str:
    """How many effects have another unit."""
    others = sum(f.estimate is not None and scale_of(f) is None for f in subject.findings)
    return f"Left out, because they are in other units: {numbers.count(others, 'effect')}." if others else ""
