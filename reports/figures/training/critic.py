"""The figure that shows whether PPO is PPO: what the critic explains, and how far an update moves the policy."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.figures.palette import Looks
from rlvr_bench.reports.figures.style import Width
from rlvr_bench.reports.figures.training import multiples
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.critic import CLIPPED, EXPLAINED, KL, critic_numbers, warm_up

CRITIC = {
    EXPLAINED: "explained variance\nof the critic (share)",
    CLIPPED: "clip fraction\n(share of tokens)",
    KL: "KL to the old policy\n(nats/token)",
}
LOWEST = -1.0  # of the axis of explained variance, which has no lower end


def critic(cells: Sequence[Cell], width: Width, looks: Looks, *, page: int = 0) -> Figure | None:
    """Over the steps of training; None where nothing changed, or nothing was recorded."""
    made = multiples.multiples(cells, width, looks, CRITIC, page=page)
    if made is None:
        return None
    ends = sorted({warm_up(c) for c in cells if warm_up(c) and any(r.series(EXPLAINED) for r in c.runs)})
    for axes in made.panels.get(EXPLAINED, ()):
        if not axes.has_data():
            continue
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, LOWEST), min(high, 1.0) if high > 0 else 0.1)
        axes.axhline(0, color="black", linewidth=0.8, zorder=1)
        for end in ends:
            axes.axvline(end, color="#767676", linestyle=":", linewidth=0.9, zorder=1)
    return made.figure


def remark(cells: Sequence[Cell]) -> str:
    """What the curves say of each critic, in numbers, and what never changed."""
    said = []
    for found in critic_numbers(cells):
        rest = [f"above 0 in {numbers.percent(found.above_zero)} of the steps after the critic's warm-up"]
        rest += [f"clip fraction {numbers.number(found.clipped.value)}"] if found.clipped else []
        rest += [f"KL {numbers.number(found.kl.value)} nats/token a step"] if found.kl else []
        explained = numbers.with_interval(found.explained, numbers.share)
        label = one_line(found.label)
        said.append(f"{label}: explained variance {explained} at the end, {', '.join(rest)}.")
    return " ".join([*said, multiples.left_out(cells, CRITIC)]).strip()
