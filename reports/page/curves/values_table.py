"""The table of the critic's values is made here: how far they are from Monte-Carlo values, by place and by step."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.values import Errors, by_seed, over_seeds, places, probed, steps
from rlvr_bench.reports.page.comparison_table import estimate_fields
from rlvr_bench.reports.page.table import Table, csv_text

COLUMNS = (
    "critic of", "states", "tokens before", "bias", "absolute error", "error", "group's mean", "for the state",
    "explained variance", "rank correlation", "seeds",
)  # fmt: skip
NOTE = (
    f"Means over seeds; brackets: {numbers.INTERVAL} (Student's). The critic's value of a state against the mean "
    "reward of fresh continuations by the policy at that step, reward units. Error: root mean square without the "
    "noise of the Monte-Carlo values; absolute error and rank correlation (Spearman's) with it. Group's mean: root "
    "mean square of sqrt(p (1 - p) / G), its error as an estimate of the prompt's pass rate p; for the state: as an "
    "estimate of the states' own values. Explained variance: of the true values of these states, 1 is perfect. A KL "
    "in the reward or a discount, which a critic learns too, is not in the Monte-Carlo values. By place, states are "
    "those of all probed steps; by step, those of all places."
)
FIELDS = ("bias", "absolute", "error", "group", "group_here", "explained", "rank")


def _rows(cell: Cell) -> list[tuple[str, dict[int, Errors]]]:
    """What the states have in common, and the errors of each seed."""
    by_place = [("the prompt" if p == 0 else f"state {p + 1}", by_seed(cell, place=p)) for p in places(cell)]
    by_step = [(f"step {s}", by_seed(cell, step=s)) for s in steps(cell)]
    return [*by_place, *by_step, ("all", by_seed(cell))]


def values_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """For each probed cell a row by place, a row by step and one of all; empty where no critic was probed."""
    return Table(
        "The critic's values against continuations",
        COLUMNS,
        tuple(_texts(cell, which, found) for cell in probed(cells) for which, found in _rows(cell)),
        NOTE,
    )


def _texts(cell: Cell, which: str, found: dict[int, Errors]) -> tuple[str, ...]:
    def mean(number: str, show: numbers.Format) -> str:
        estimate = over_seeds(found, lambda e: getattr(e, number))
        return numbers.ABSENT if estimate is None else show(estimate.value)

    def wide(number: str) -> str:
        return numbers.with_interval(over_seeds(found, lambda e: getattr(e, number)), numbers.share)

    return (
        one_line(cell.label),
        which,
        mean("tokens", lambda v: f"{v:.0f}"),
        mean("bias", numbers.change),
        mean("absolute", numbers.share),
        wide("error"),
        mean("group", numbers.share),
        mean("group_here", numbers.share),
        wide("explained"),
        mean("rank", numbers.share),
        str(len(found)),
    )


def values_csv(part: PartInfo, cells: Sequence[Cell]) -> str:
    """The numbers of the table with their intervals, and below them those of each seed."""
    ends = ("", "_low", "_high", "_n", "_method")
    lines: list[list[object]] = [["cell", "states", "tokens", *(f"{n}{end}" for n in FIELDS for end in ends)]]
    single: list[list[object]] = [[], ["cell", "states", "seed", "count", "tokens", *FIELDS]]
    for cell in probed(cells):
        for which, found in _rows(cell):
            tokens = over_seeds(found, lambda e: e.tokens)
            estimates = [over_seeds(found, lambda e, n=name: getattr(e, n)) for name in FIELDS]
            fields = [field for estimate in estimates for field in estimate_fields(estimate)]
            lines.append([cell.name, which, tokens.value if tokens else None, *fields])
            for seed, e in found.items():
                single.append([cell.name, which, seed, e.states, e.tokens, *(getattr(e, n) for n in FIELDS)])
    return csv_text([*lines, *single])
