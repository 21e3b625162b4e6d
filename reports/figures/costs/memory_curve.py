"""The figure of GRPO's saving of memory over model size, tokens and micro-batch, with the arithmetic beside it."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FixedLocator, MaxNLocator, NullFormatter, NullLocator

from rlvr_bench.reports.figures.palette import STEPS, Look, Looks
from rlvr_bench.reports.figures.panels import legend, legend_height
from rlvr_bench.reports.figures.style import Width, size
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.memory_curve import SavingPoint, saving_points
from rlvr_bench.reports.numbers import whole

STATES = "states alone (arithmetic)"
PREDICTED = "with activations and logits"
SHADES = STEPS[1:]  # the lightest does for marks, not for lines


def memory_curve(cells: Sequence[Cell], width: Width, looks: Looks) -> Figure | None:
    """A panel for each length of completions, in it a line for each micro-batch; None for a part that is no curve."""
    points = [p for p in saving_points(cells) if p.measured]
    if not points:
        return None
    lengths = sorted({p.tokens for p in points})
    micro = sorted({p.micro_tokens for p in points})
    labels = [_label(m) for m in micro]
    columns = min(len(lengths), 2 if width == "column" else 4)
    rows = -(-len(lengths) // columns)
    height = 1.75 * rows + 0.3 + legend_height([*labels, STATES, PREDICTED], width)
    figure, panels = pyplot.subplots(rows, columns, figsize=size(width, height), squeeze=False, sharey=True)
    for axes in panels.flat[len(lengths) :]:
        axes.set_visible(False)
    for axes, tokens in zip(panels.flat, lengths, strict=False):
        for place, most in enumerate(micro):
            mine = [p for p in points if (p.tokens, p.micro_tokens) == (tokens, most)]
            _line(axes, mine, SHADES[place % len(SHADES)], labels[place])
        states = {p.parameters: 100 * p.states for p in points if p.tokens == tokens}
        axes.plot(
            sorted(states), [states[n] for n in sorted(states)], color="black", linestyle=(0, (4, 2)), linewidth=0.9,
            label=STATES, zorder=1,
        )  # fmt: skip
        axes.set_title(f"{whole(tokens)} tokens" if width == "column" else f"completions of {whole(tokens)} tokens")
        _sizes(axes, sorted(states))
    for axes in panels[:, 0]:
        axes.set_ylabel("peak saved by GRPO\n(% of PPO's)")
    legend(figure, list(panels.flat), width, last=(PREDICTED, STATES))
    return figure


def _label(micro_tokens: int) -> str:
    return f"at most {whole(micro_tokens)} tokens at once"


def _line(axes: Axes, points: Sequence[SavingPoint], look: Look, label: str) -> None:
    """Measured, with its interval over seeds, and predicted, in one shade."""
    x = [p.parameters for p in points]
    measured = [p.measured for p in points if p.measured]
    axes.plot(
        x, [100 * e.value for e in measured], color=look.color, marker=look.marker, markersize=4,
        markeredgecolor="black", markeredgewidth=0.5, label=label if points else "_", zorder=3,
    )  # fmt: skip
    for at, e in zip(x, measured, strict=True):
        if e.low is not None and e.high is not None:
            axes.plot([at, at], [100 * e.low, 100 * e.high], color=look.color, linewidth=0.9, zorder=2)
    known = [(p.parameters, 100 * p.predicted) for p in points if p.predicted is not None]
    if known:
        axes.plot(
            [n for n, _ in known], [v for _, v in known], color=look.color, linestyle="-.", linewidth=0.9,
            label=PREDICTED, zorder=2,
        )  # fmt: skip


def _sizes(axes: Axes, sizes: Sequence[int]) -> None:
    """A logarithmic axis with the sizes that were measured as its ticks."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(list(sizes)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(EngFormatter(sep="", places=0))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("parameters of the actor\n(count, log)")
    axes.margins(x=0.08)
