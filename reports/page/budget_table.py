"""Cells at equal budgets, and when each reached a target accuracy: the four views of one set of runs.

The budget is the smallest total that any finished run of the compared cells spent, so every curve reaches it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.budgets import BUDGETS, TARGETS, accuracy_at, arrivals_of, total_spent
from rlvr_bench.reports.measures.machine import busy
from rlvr_bench.reports.measures.over_seeds import over_seeds
from rlvr_bench.reports.page.comparison_table import estimate_fields
from rlvr_bench.reports.page.table import Table, csv_text
from rlvr_bench.reports.stats import Arrival, Estimate, TimeToTarget, time_to_target

UNITS = {"samples": "samples", "flops": "FLOPs", "seconds": "s"}
BUDGETS_NOTE = (
    "pass@1 where so much was spent in training, between two evaluations on the line through both; brackets: "
    f"{numbers.INTERVAL} over seeds. Each budget is the smallest total that a run of these cells spent. Seconds and "
    "FLOPs are those of the steps: evaluation, warm start and the training of a reward model are left out."
)
TARGETS_NOTE = (
    "Reference convergence points: what a run had spent at its first evaluation with this pass@1 or more. Median by "
    "Kaplan-Meier over all finished runs: those that never reached it are censored, not left out; below half that did "
    "there is no median."
)


def smallest_totals(cells: Sequence[Cell]) -> dict[str, float]:
    """By budget, the smallest total of a finished run that did not diverge; those that every such run recorded."""
    runs = [r for c in cells for r in c.finished if r.state != "diverged"]
    found = {budget: [total_spent(r, budget) for r in runs] for budget in BUDGETS}
    known = {budget: [v for v in totals if v is not None] for budget, totals in found.items()}
    return {b: min(v) for b, v in known.items() if v and len(v) == len(runs) and min(v) > 0}


def budget_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """pass@1 of each cell at equal samples, FLOPs and seconds; empty where nothing was both spent and evaluated."""
    totals = smallest_totals(cells)
    columns = ("cell", *(f"at {numbers.number(v)} {UNITS[b]}" for b, v in totals.items()))
    rows = tuple(
        (one_line(c.label), *(numbers.with_interval(e, numbers.share) for e in _at(c, totals))) for c in cells if totals
    )
    return Table("pass@1 at equal budgets", columns, rows, f"{BUDGETS_NOTE}{_quiet(cells)}")


def _quiet(cells: Sequence[Cell]) -> str:
    """Behind the note, where the seconds are not those of a quiet machine."""
    found = busy(cells)
    return f" The seconds are not to be compared: {found}." if found else ""


def budget_csv(part: PartInfo, cells: Sequence[Cell]) -> str:
    """Raw numbers, one line a cell and budget."""
    totals = smallest_totals(cells)
    lines: list[list[object]] = [["cell", "budget", "amount", "pass1", "low", "high", "n", "method"]]
    for cell in cells:
        for (budget, amount), e in zip(totals.items(), _at(cell, totals), strict=True):
            lines.append([cell.name, budget, amount, *estimate_fields(e)])
    return csv_text(lines)


def _at(cell: Cell, totals: dict[str, float]) -> list[Estimate | None]:
    return [over_seeds(cell, partial(accuracy_at, budget=b, amount=v), most=1.0) for b, v in totals.items()]


def target_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """One row a cell and target that any cell reached: how many runs did, and the median of what they had spent."""
    columns = ("cell", "pass@1", "reached", *(f"{UNITS[b]} (median)" for b in BUDGETS))
    rows = []
    for target, found in _reached(cells).items():
        for cell in cells:
            times = found[cell.name]
            if known := [t for t in times.values() if t]:
                medians = [
                    numbers.number(t.median) if t and t.median is not None else numbers.ABSENT for t in times.values()
                ]
                row = (one_line(cell.label), numbers.plain(target), f"{known[0].reached} of {known[0].n}", *medians)
                rows.append(row)
    return Table("Time to a target accuracy", columns, tuple(rows), f"{TARGETS_NOTE}{_quiet(cells)}")


def target_csv(part: PartInfo, cells: Sequence[Cell]) -> str:
    """Raw numbers, one line a cell, target and budget."""
    lines: list[list[object]] = [["cell", "target", "budget", "reached", "n", "median", "restricted_mean", "horizon"]]
    for target, found in _reached(cells).items():
        for cell in cells:
            for budget, t in found[cell.name].items():
                if t:
                    lines.append([cell.name, target, budget, t.reached, t.n, t.median, t.restricted_mean, t.horizon])
    return csv_text(lines)


def _reached(cells: Sequence[Cell]) -> dict[float, dict[str, dict[str, TimeToTarget | None]]]:
    """By target, cell and budget; targets that no run reached are left out."""
    found: dict[float, dict[str, dict[str, TimeToTarget | None]]] = {}
    horizons = smallest_totals(cells)
    for target in TARGETS:
        by_cell: dict[str, dict[str, TimeToTarget | None]] = {c.name: {} for c in cells}
        for budget in BUDGETS:
            for cell, arrivals in zip(cells, arrivals_of(cells, budget, target), strict=True):
                by_cell[cell.name][budget] = _summary(list(arrivals.values()), horizons.get(budget))
        if any(t and t.reached for of_cell in by_cell.values() for t in of_cell.values()):
            found[target] = by_cell
    return found


def _summary(arrivals: Sequence[Arrival], horizon: float | None) -> TimeToTarget | None:
    return time_to_target(arrivals, horizon=horizon) if arrivals and horizon else None
