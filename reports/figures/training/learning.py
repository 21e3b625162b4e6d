"""Learning curves are drawn here: held-out accuracy over the steps of training, sampled, greedy and of several samples.

The same accuracy against what was spent is the figure `answer`.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from rlvr_bench.reports.figures.palette import Looks
from rlvr_bench.reports.figures.style import Width
from rlvr_bench.reports.figures.training import multiples
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import PASS

GREEDY, AT = "eval/greedy", "eval/pass@"


def quantities(cells: Sequence[Cell]) -> dict[str, str]:
    """pass@1, greedy accuracy, and pass@k for the largest k that every cell recorded, with their units."""
    recorded = [{n for r in c.runs for row in r.metrics for n in row} for c in cells]
    every = set.intersection(*recorded) if recorded else set()
    ks = [int(n.removeprefix(AT)) for n in every if n.startswith(AT) and n.removeprefix(AT).isdigit()]
    most = max(ks, default=1)
    several = {f"{AT}{most}": f"pass@{most}, held out\n(share)"} if most > 1 else {}
    return {PASS: "pass@1, held out\n(share)", GREEDY: "greedy, held out\n(share)"} | several


def learning_curves(cells: Sequence[Cell], width: Width, looks: Looks, *, page: int = 0) -> Figure | None:
    """None where nothing was evaluated, or nothing changed."""
    made = multiples.multiples(cells, width, looks, quantities(cells), points=multiples.recorded_points, page=page)
    return made.figure if made else None


def left_out(cells: Sequence[Cell]) -> str:
    """A sentence on what never changed; empty where everything did."""
    return multiples.left_out(cells, quantities(cells), points=multiples.recorded_points)
