"""How well reward models are calibrated is drawn here, with how many pairs each point stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlvr_bench.reports.figures.palette import Looks, model_look
from rlvr_bench.reports.figures.panels import legend
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.reward_models import RewardModel, reward_models
from rlvr_bench.reports.numbers import whole
from rlvr_bench.reports.stats import wilson

Kinds = Mapping[int, Sequence[RewardModel]]  # by the pairs that they were trained on
LOWEST, BINS = 0.5, 10  # of the predicted probability, as the records bin it
STEP = (1 - LOWEST) / BINS


def calibration(cells: Sequence[Cell], width: Width, looks: Looks) -> Figure | None:
    """Share of pairs ranked rightly against the predicted probability, and pairs by the predicted probability."""
    kinds: dict[int, list[RewardModel]] = {}
    for model in reward_models(cells):
        if model.bins:
            kinds.setdefault(model.pairs, []).append(model)
    if not kinds:
        return None
    if width == "text":
        figure, (shares, counts) = pyplot.subplots(1, 2, figsize=size(width, 2.6 + 0.16 * len(kinds)))
    else:
        figure, (shares, counts) = pyplot.subplots(
            2, 1, figsize=size(width, 3.6 + 0.16 * len(kinds)), height_ratios=(2.2, 1), sharex=True
        )
    _shares(shares, kinds)
    _counts(counts, kinds)
    words = "predicted probability that the preferred one is right"
    for axes in (shares, counts) if width == "text" else (counts,):
        axes.set_xlabel(words)
    legend(figure, [shares], "column")
    return figure


def _shares(axes: Axes, kinds: Kinds) -> None:
    axes.plot([0.5, 1.0], [0.5, 1.0], color="black", linestyle=":", linewidth=0.9, label="perfectly calibrated")
    for index, (pairs, models) in enumerate(kinds.items()):
        style, label = model_look(index), _label(pairs, models)
        for model in models:
            x, y = [b.confidence for b in model.bins], [b.accuracy for b in model.bins]
            axes.plot(
                x, y, color=style.color, linestyle=style.line, marker=style.marker, linewidth=0.9, label=label or "_"
            )
            label = ""  # once in the legend
            for b in model.bins:
                low, high = wilson(b.accuracy * b.pairs, b.pairs)
                axes.plot([b.confidence] * 2, [low, high], color=style.color, linewidth=0.6)
    axes.set_xlim(0.48, 1.02)
    axes.set_ylim(top=1.03)
    axes.set_ylabel("share of pairs ranked right")


def _counts(axes: Axes, kinds: Kinds) -> None:
    """A bar for each bin of each model."""
    drawn = [(index, model) for index, models in enumerate(kinds.values()) for model in models]
    thick = 0.9 * STEP / len(drawn)
    for place, (index, model) in enumerate(drawn):
        # In the middle of its bin, so that the bars of several models stand side by side.
        centers = [LOWEST + STEP * (_bin(b.confidence) + 0.5) for b in model.bins]
        x = [c + thick * (place - (len(drawn) - 1) / 2) for c in centers]
        bars = axes.bar(x, [b.pairs for b in model.bins], thick, color=model_look(index).color, linewidth=0)
        if len(drawn) == 1:
            axes.bar_label(bars, fontsize=6)
    axes.set_xlim(0.48, 1.02)
    axes.set_ylabel("held-out pairs (count)")
    axes.grid(visible=False, axis="x")


def _bin(confidence: float) -> int:
    """Its number; a mean on the lower edge belongs to the bin, also where the division rounds down."""
    return min(int((confidence - LOWEST) / STEP + 1e-9), BINS - 1)


def _label(pairs: int, models: Sequence[RewardModel]) -> str:
    if len(models) == 1:
        right = f"{100 * models[0].accuracy:.1f} % of {whole(models[0].held_out_pairs)} held-out pairs right"
        return f"{whole(pairs)} pairs: {right}"
    shares = [100 * m.accuracy for m in models]
    return f"{whole(pairs)} pairs, {len(models)} models: {min(shares):.1f} to {max(shares):.1f} % right"
