"""What the processes of a run sent each other is read here, over the steps after warm-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.costs.step_time import phases_of_a_step, timed_rows

SENT = "cost/communication/sent"
BYTES, CALLS = "cost/communication/bytes", "cost/communication/calls"


@dataclass(frozen=True)
class Exchange:
    """One collective operation in one phase: means a step, of one process, over all steps of all seeds."""

    phase: str
    operation: str
    calls: float
    bytes: float  # of the messages, before it is asked how often they go round


def sent_in(run: Run) -> list[float]:
    """Bytes that one process sent in each step; empty where none were counted."""
    return [float(row[SENT]) for row in timed_rows(run) if row.get(SENT) is not None]


def exchanges(cell: Cell) -> list[Exchange]:
    """Every operation that was called, by phase in the order of a step, without evaluation and checkpoint."""
    rows = [row for run in cell.finished for row in timed_rows(run) if row.get(SENT) is not None]
    keys = sorted({n.removeprefix(f"{CALLS}/") for row in rows for n in row if n.startswith(f"{CALLS}/")})
    found = [key.split("/") for key in keys]

    def mean(kind: str, phase: str, operation: str) -> float:
        return fmean(float(row.get(f"{kind}/{phase}/{operation}") or 0) for row in rows)

    return [
        Exchange(phase, operation, mean(CALLS, phase, operation), mean(BYTES, phase, operation))
        for phase in phases_of_a_step(p for p, _ in found)
        for _, operation in (one for one in found if one[0] == phase)
    ]


def sent_by_phase(run: Run) -> dict[str, float]:
    """Bytes that one process sends in a step by phase, means over the steps; they add up to the mean of `sent_in`.

    A message that is reduced in all goes round the ring twice, any other once.
    """
    rows = [row for row in timed_rows(run) if row.get(SENT)]
    found: dict[str, float] = {}
    for row in rows:
        weights: dict[str, float] = {}
        for name, value in row.items():
            if name.startswith(f"{BYTES}/"):
                phase, operation = name.removeprefix(f"{BYTES}/").split("/")
                weights[phase] = weights.get(phase, 0.0) + value * (2 if operation.startswith("all_reduce") else 1)
        counted = {phase: weights[phase] for phase in phases_of_a_step(weights)}
        for phase, weight in counted.items():
            found[phase] = found.get(phase, 0.0) + row[SENT] * weight / sum(counted.values()) / len(rows)
    return {phase: found[phase] for phase in phases_of_a_step(found)}


def predicted_sent(cells: Sequence[Cell]) -> list[tuple[Cell, float, float]]:
    """Bytes that one process sends in a step: what the planner said, beside the mean that was counted.

    The plan has every completion at its full length.  Cells without a plan, or whose processes sent nothing, are left
    out.
    """
    found = []
    for cell in cells:
        runs = [(r.summary.planned_sent, fmean(sent)) for r in cell.finished if r.summary and (sent := sent_in(r))]
        if runs and all(told and counted for told, counted in runs):
            found.append((cell, fmean(told for told, _ in runs), fmean(counted for _, counted in runs)))
    return found
