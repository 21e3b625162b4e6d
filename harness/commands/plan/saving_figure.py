"""What GRPO saves of the peak against the size of the model, planned and measured.

`python -m rlvr_bench.harness.commands.plan.saving_figure --measured results/memory --out results/planner` plans every
case (a quarter of an hour on one core), and writes saving.json and the figure, with what the results folder has
measured at smaller sizes; with `--drawn` it plans nothing and draws what saving.json has.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from matplotlib import pyplot
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, PercentFormatter

from rlvr_bench.harness.commands.plan.saving import COMPLETIONS, MODELS, WAYS, Saving, measured, planned
from rlvr_bench.harness.progress import track
from rlvr_bench.reports.claims.memory import SAVING
from rlvr_bench.reports.figures.panels import legend, legend_height
from rlvr_bench.reports.figures.style import save, size, styled
from rlvr_bench.reports.numbers import whole, whole_percent

COLORS = ("#003C30", "#8C510A", "#35978F", "#BF812D", "#4D4D4D")
MARKS = ("o", "s", "^", "D", "v")
MEASURED = "measured on a CPU, float32, three models against two"


def savings(found: Sequence[Saving], measured: Sequence[tuple[int, float]], about_half: float) -> Figure:
    """A panel for each length of completions, in it a line for each way to train; measured points stand in the first.

    Args:
        measured: parameters and share saved.
        about_half: from which share on the claim holds; that region is shaded.
    """
    sizes = sorted({one.tokens for one in found})
    band = f"the claim holds: at least {whole_percent(about_half)} saved"
    labels = [*WAYS, MEASURED, band]
    height = 2.4 + legend_height(labels, "text")
    figure, panels = pyplot.subplots(
        1, len(sizes), figsize=size("text", height), sharex=True, sharey=True, squeeze=False
    )
    for place, (axes, tokens) in enumerate(zip(panels.flat, sizes, strict=True)):
        axes.axhspan(about_half, 1, color="#E5E5E5", zorder=0, label=band)
        axes.axhline(0, color="black", linewidth=0.6)
        for way, color, mark in zip(WAYS, COLORS, MARKS, strict=True):
            mine = sorted((p.parameters, p.of_peak) for p in found if (p.way, p.tokens) == (way, tokens))
            axes.plot(
                [n for n, _ in mine], [v for _, v in mine], color=color, marker=mark, markersize=4,
                markeredgecolor="black", markeredgewidth=0.4, label=way,
            )  # fmt: skip
        if place == 0 and measured:
            axes.plot(*zip(*measured, strict=True), "x", color="black", markersize=4, label=MEASURED)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set_title(f"completions of {whole(tokens)} tokens")
        axes.set_xlabel("parameters of the actor (count, log)")
    low = min([0.0, *(p.of_peak for p in found), *(v for _, v in measured)])
    panels[0, 0].set_ylim(low - 0.03, max(0.6, *(p.of_peak + 0.05 for p in found)))
    panels[0, 0].set_ylabel("peak saved by GRPO\n(of PPO's)")
    legend(figure, list(panels.flat), "text", last=(MEASURED, band))
    return figure


def main(arguments: Sequence[str] | None = None) -> None:
    """Plan, record, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--measured", type=Path, required=True, help="results of the suite memory")
    parser.add_argument("--drawn", action="store_true", help="plan nothing, draw what is there")
    options = parser.parse_args(arguments)
    file = options.out / "saving.json"
    if options.drawn:
        found = [Saving(**one) for one in json.loads(file.read_text())]
    else:
        cases = [(way, model, tokens) for tokens in COMPLETIONS for way in WAYS for model in MODELS]
        found = [one for case in track(cases, "plans", len(cases)) if (one := planned(*case))]
        options.out.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps([vars(one) for one in found], indent=1, sort_keys=True) + "\n")
    with styled():
        save(savings(found, measured(options.measured), SAVING), options.out, "saving", ("svg", "pdf"))


if __name__ == "__main__":
    main()
