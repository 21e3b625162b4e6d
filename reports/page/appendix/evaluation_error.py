"""How much of the differences between seeds is only the choice of the held-out items is tabled here."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev

from rlvr_bench.harness.records import ItemCounts, PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.accuracy import GREEDY, PASS, final_score
from rlvr_bench.reports.page.table import Table

NOTE = (
    "Standard errors of one run's last evaluation, in points, means over the finished seeds. From the items: standard "
    "deviation of the items' shares right over the square root of their number; where the items were not recorded, the "
    "binomial sqrt(p (1 - p) / items), which is too large where an item was sampled more than once. Between seeds: "
    "standard deviation of the final scores. All runs of a part are evaluated on the same items, so the choice of "
    "items is largely common to both sides of a difference."
)
COLUMNS = ("cell", "items", "samples of each", "error of pass@1", "error of greedy", "SD between seeds")


def error_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """One row a cell that was evaluated."""
    rows = tuple(row for cell in cells if (row := _row(cell)))
    return Table("Evaluation error", COLUMNS, rows, NOTE)


def _row(cell: Cell) -> tuple[str, ...] | None:
    runs = [r for r in cell.finished if r.series(PASS)]
    if not runs:
        return None
    sizes = [size for r in runs if (size := _size(r)) is not None]
    scores = [s for r in runs if (s := final_score(r)) is not None]
    return (
        one_line(cell.label),
        numbers.whole(round(fmean(n for n, _ in sizes))) if sizes else numbers.ABSENT,
        f"{fmean(k for _, k in sizes):g}" if sizes and sizes[0][1] else numbers.ABSENT,
        _points([e for r in runs if (e := pass_error(r)) is not None]),
        _points([e for r in runs if (e := greedy_error(r)) is not None]),
        _points([stdev(scores)] if len(scores) > 1 else []),
    )


def _points(errors: Sequence[float]) -> str:
    return f"{100 * fmean(errors):.2f}" if errors else numbers.ABSENT


def _size(run: Run) -> tuple[int, int] | None:
    """Items of the last evaluation and samples of each; 0 samples where that was not recorded."""
    if run.evaluations:
        last = run.evaluations[-1]
        return len(last.right), last.samples
    recorded = run.series("eval/items")
    if recorded:
        return int(recorded[-1][1]), 0
    settings = run.config.get("evaluate")
    items = settings.get("items") if isinstance(settings, dict) else None
    return (items, 0) if isinstance(items, int) else None


def pass_error(run: Run) -> float | None:
    """Standard error of pass@1 over items."""
    if run.evaluations:
        last = run.evaluations[-1]
        return item_error(last.right, last.samples)
    return _binomial(run, PASS)


def greedy_error(run: Run) -> float | None:
    """Standard error of greedy accuracy over items."""
    return item_error(run.evaluations[-1].greedy, 1) if run.evaluations else _binomial(run, GREEDY)


def item_error(right: ItemCounts, samples: int) -> float | None:
    """Standard deviation of the shares right over the root of their number; items without a verdict are left out."""
    shares = [r / samples for r in right if r is not None]
    return stdev(shares) / sqrt(len(shares)) if len(shares) > 1 else None


def _binomial(run: Run, metric: str) -> float | None:
    values, size = run.series(metric), _size(run)
    if not values or size is None or not size[0]:
        return None
    p = values[-1][1]
    return sqrt(p * (1 - p) / size[0])
