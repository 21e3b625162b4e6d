"""How well reward models are calibrated is drawn here."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib import pyplot
from matplotlib.figure import Figure

from rlvr_bench.reports.figures.panels import legend
from rlvr_bench.reports.figures.style import INCHES, Width, look
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.reward_models import reward_models
from rlvr_bench.reports.numbers import whole
from rlvr_bench.reports.stats import wilson


def calibration(cells: Sequence[Cell], width: Width) -> Figure | None:
    """Share of pairs ranked rightly against the predicted probability, of each distinct reward model."""
    models = [m for m in reward_models(cells) if m.bins]
    if not models:
        return None
    size = INCHES["column"] if width == "column" else 4.6
    figure, axes = pyplot.subplots(figsize=(size, 3.0 + 0.16 * len(models)))
    axes.plot([0.5, 1.0], [0.5, 1.0], color="black", linestyle=":", linewidth=0.9, label="perfectly calibrated")
    most = max(b.pairs for m in models for b in m.bins)
    for index, model in enumerate(models):
        style = look(index)
        right = f"{100 * model.accuracy:.1f} % of {whole(model.held_out_pairs)} held-out pairs right"
        label = f"{whole(model.pairs)} pairs: {right}"
        x, y = [b.confidence for b in model.bins], [b.accuracy for b in model.bins]
        axes.plot(x, y, color=style.color, linestyle=style.line, marker=style.marker, linewidth=0.9, label=label)
        areas = [8 + 110 * b.pairs / most for b in model.bins]
        axes.scatter(x, y, areas, color=style.color, marker=style.marker, alpha=0.35, linewidths=0)
        for b in model.bins:
            low, high = wilson(b.accuracy * b.pairs, b.pairs)
            axes.plot([b.confidence] * 2, [low, high], color=style.color, linewidth=0.6)
    axes.set_xlim(0.49, 1.01)
    axes.set_ylim(top=1.03)
    axes.set_xlabel("predicted probability that the preferred completion is the right one")
    axes.set_ylabel("share of pairs in which it was")
    if width == "column":
        axes.set_xlabel("predicted probability that the preferred one is right")
    legend(figure, [axes], "column")
    return figure
