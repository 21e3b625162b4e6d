"""The figure of many samples: pass@k and maj@k against k, with the base models that the policies started from."""

from __future__ import annotations

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.figures.palette import Look
from rlvr_bench.reports.figures.panels import legend, legend_height
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.figures.subject import Subject
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.many import Kind, asked, base_curve, cell_curve, crossing, gains

BASE = "base model"
PANELS: dict[Kind, str] = {"pass": "pass@k (share)", "maj": "maj@k (share)"}


def many(subject: Subject, width: Width) -> Figure | None:
    """A panel for pass@k and one for maj@k; None where no policy was asked many times."""
    cells = asked(subject.cells)
    if not cells or subject.part is None:
        return None
    bases = subject.study.bases.get(subject.part.name, ())
    labels = [*(one_line(c.label) for c in cells), BASE]
    shape, height = ((1, 2), 2.1) if width == "text" else ((2, 1), 3.6)
    figure, axes = pyplot.subplots(*shape, figsize=size(width, height + legend_height(labels, width)), squeeze=False)
    for panel, (kind, name) in zip(axes.flat, PANELS.items(), strict=True):
        for cell in cells:
            _draw(panel, cell, kind, subject.looks[cell.name])
        base = base_curve(bases, kind)
        panel.plot(list(base), list(base.values()), color="black", linestyle="--", linewidth=1.0, label=BASE)
        panel.set_xscale("log", base=2)
        panel.xaxis.set_major_locator(FixedLocator(list(base) or [1]))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_major_formatter(lambda x, _: f"{x:g}")
        panel.set_xlabel("samples of an item, k")
        panel.set_ylabel(name)
    for cell in cells:
        found = crossing(gains(cell, bases, "pass")[1])
        if found and found.k:
            look = subject.looks[cell.name]
            first = axes.flat[0]
            first.plot(
                [found.k, found.k], [0, 1], color=look.color, linestyle=":", linewidth=0.9, zorder=1, clip_on=False,
                marker=look.marker, markevery=[1], transform=first.get_xaxis_transform(),
            )  # fmt: skip
    legend(figure, list(axes.flat), width, last=[BASE])
    return figure


def _draw(axes: Axes, cell: Cell, kind: Kind, look: Look) -> None:
    """The mean over the runs, and Student's interval as a band."""
    curve = cell_curve(cell, kind)
    x, middle = list(curve), [e.value for e in curve.values()]
    if all(e.known for e in curve.values()):
        low, high = ([getattr(e, end) for e in curve.values()] for end in ("low", "high"))
        axes.fill_between(x, low, high, color=look.color, alpha=0.22, linewidth=0)
    axes.plot(x, middle, color=look.color, linestyle=look.line, marker=look.marker, label=one_line(cell.label))
