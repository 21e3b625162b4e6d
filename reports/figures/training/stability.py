"""The figure of what shows trouble first is drawn here."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from rlvr_bench.reports.figures.palette import Looks
from rlvr_bench.reports.figures.style import Width
from rlvr_bench.reports.figures.training import multiples
from rlvr_bench.reports.load import Cell

STABILITY = {
    "train/kl_to_reference": "KL to the reference\n(nats/token)",
    "train/entropy": "entropy\n(nats/token)",
    "train/grad_norm": "actor's gradient norm\n(loss per unit of weight)",
    "rollout/zero_std_groups": "groups without a signal\n(share)",
    "rollout/length_mean": "completion length\n(tokens)",
}


def stability(cells: Sequence[Cell], width: Width, looks: Looks, *, page: int = 0) -> Figure | None:
    """None where nothing changed, or nothing was recorded."""
    made = multiples.multiples(cells, width, looks, STABILITY, page=page)
    return made.figure if made else None


def left_out(cells: Sequence[Cell]) -> str:
    """A sentence on what never changed; empty where everything did."""
    return multiples.left_out(cells, STABILITY)
