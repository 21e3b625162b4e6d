"""The planner's predictions against what was measured."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib import pyplot
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from rlvr_bench.harness.planner.check import Point
from rlvr_bench.reports.figures.palette import ALGORITHMS, FIRST, MARKS
from rlvr_bench.reports.figures.style import size

GIB = 2**30
COLORS = dict(zip(FIRST, ALGORITHMS, strict=False))
MARKERS = dict(zip(FIRST, MARKS, strict=False))


def scatter(peaks: Sequence[Point], phases: Sequence[Point]) -> Figure:
    """Above, the peak of each run against the diagonal; below, the error of each phase."""
    figure, (above, below) = pyplot.subplots(2, 1, figsize=size("column", 4.2), sharex=True, height_ratios=(3, 2))
    for algorithm in COLORS:
        own = [p for p in peaks if p.case.startswith(f"{algorithm} ")]
        above.plot(
            [p.measured / GIB for p in own], [p.predicted / GIB for p in own], MARKERS[algorithm],
            color=COLORS[algorithm], markersize=4, markeredgecolor="black", markeredgewidth=0.4, alpha=0.8,
            label=algorithm.upper(),
        )  # fmt: skip
        every = [p for p in phases if p.case.startswith(f"{algorithm} ")]
        below.plot(
            [p.measured / GIB for p in every], [p.error for p in every], MARKERS[algorithm],
            color=COLORS[algorithm], markersize=2.5, alpha=0.7,
        )  # fmt: skip
    sizes = [p.measured / GIB for p in [*peaks, *phases]]
    above.plot([min(sizes), max(sizes)], [min(sizes), max(sizes)], color="black", linewidth=0.8, zorder=0)
    above.set_xscale("log")
    above.set_yscale("log")
    above.set_ylabel("predicted peak of a run\n(GiB, log)")
    above.legend(loc="upper left")
    below.axhline(0, color="black", linewidth=0.8)
    most = max(0.01, 1.2 * max(abs(p.error) for p in phases))
    below.set_ylim(-most, most)
    below.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    below.set_ylabel("error of each phase\n(of what was measured)")
    below.set_xlabel("measured (GiB, log)")
    return figure
