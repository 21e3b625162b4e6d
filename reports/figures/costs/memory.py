"""The figure of memory is drawn here: exact state bytes by model, and measured peaks by phase."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot
from matplotlib.figure import Figure, SubFigure

from rlvr_bench.reports.figures.costs.bars import contrast, finish_bars, in_words, stack_bars
from rlvr_bench.reports.figures.palette import PHASES, ROLES, Looks, named_looks
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.costs.memory import ALLOCATOR, DEVICE, baseline_bytes, memory_layer, phase_peaks
from rlvr_bench.reports.measures.curves.memory_curve import is_curve

TIGHT = 5  # more cells than this, in panels below each other, leave too little room for hatches and long labels
LAYERS = {DEVICE: "device", ALLOCATOR: "allocator"}


def memory(cells: Sequence[Cell], width: Width, looks: Looks) -> Figure | None:
    """State bytes by model beside the measured peaks of the phases; a curve over sizes has a figure of its own."""
    if is_curve(cells):
        return None
    built = [c for c in cells if c.roles]
    measured = [c for c in cells if c.finished]
    layer = memory_layer(tuple(measured))
    panels = ([_states] if built else []) + ([_peaks] if layer else [])
    if not panels:
        return None
    columns = len(panels) if width == "text" else 1
    rows = 1 if width == "text" else len(panels)
    figure = pyplot.figure(figsize=size(width, (0.75 + 0.42 * max(4, len(cells))) * rows + 0.2))
    # A panel of peaks has a bar for each phase.
    ratios = [1.0 if panel is _states else 1.5 for panel in panels] if rows > 1 else None
    places = figure.subfigures(rows, columns, squeeze=False, height_ratios=ratios).flat
    tight = rows > 1 and len(cells) > TIGHT
    for place, panel in zip(places, panels, strict=True):
        panel(place, built if panel is _states else measured, layer or DEVICE, tight=tight)
    return figure


def _scale(largest: float) -> tuple[float, str]:
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if largest >= 1024**power:
            return 1024.0**power, unit
    return 1.0, "bytes"


def _states(place: SubFigure, cells: Sequence[Cell], layer: str, *, tight: bool) -> None:
    axes = place.subplots()
    unit, name = _scale(max(sum(s.total for s in c.roles.values()) for c in cells))
    roles = [r for r in ROLES if any(r in c.roles for c in cells)]
    roles += sorted({r for c in cells for r in c.roles} - set(ROLES))
    left = np.zeros(len(cells))
    styles = named_looks(roles, ROLES)
    for role in roles:
        values = np.array([c.roles[role].total / unit if role in c.roles else 0.0 for c in cells])
        stack_bars(axes, values, left, styles[role], role)
        left += values
    axes.set_title("states, exact")
    finish_bars(place, axes, cells, f"size ({name})", columns=4 if tight else 2 if len(roles) == 4 else 3, tight=tight)


def _peaks(place: SubFigure, cells: Sequence[Cell], layer: str, *, tight: bool) -> None:
    axes = place.subplots()
    peaks = {
        c.name: [{k: v - baseline_bytes(r, layer) for k, v in phase_peaks(r, layer).items()} for r in c.finished]
        for c in cells
    }
    phases = list(dict.fromkeys(p for found in peaks.values() for run in found for p in run))
    unit, name = _scale(max(v for found in peaks.values() for run in found for v in run.values()))
    thick, styles = 0.8 / len(phases), named_looks(phases, PHASES)
    for index, phase in enumerate(phases):
        style, label = styles[phase], in_words(phase)
        for row, cell in enumerate(cells):
            values = [run[phase] / unit for run in peaks[cell.name] if phase in run]
            if not values:
                continue
            at, mean = row - 0.4 + thick * (index + 0.5), float(np.mean(values))
            axes.barh(
                at, mean, thick, color=style.color, hatch="" if tight else style.hatch,
                edgecolor=contrast(style.color), linewidth=0.3, label=label,
                xerr=[[mean - min(values)], [max(values) - mean]] if len(values) > 1 else None,
                error_kw={"elinewidth": 0.7, "ecolor": "black"},
            )  # fmt: skip
            label = ""  # once in the legend
    axes.set_title(f"peak by phase ({LAYERS[layer]})")
    finish_bars(place, axes, cells, f"size ({name})", tight=tight)
