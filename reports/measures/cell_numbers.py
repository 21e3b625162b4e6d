"""The numbers of one cell are collected here: what every table of the report is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import GREEDY, PASS, final_score
from rlvr_bench.reports.measures.collapse import collapse_events, flags
from rlvr_bench.reports.measures.costs.memory import (
    bytes_per_parameter,
    expected_bytes_per_parameter,
    memory_layer,
    peak_bytes,
    state_bytes,
)
from rlvr_bench.reports.measures.costs.step_time import step_seconds, tokens_per_second
from rlvr_bench.reports.measures.machine import starved_share
from rlvr_bench.reports.measures.over_seeds import over_seeds
from rlvr_bench.reports.stats import Estimate


@dataclass(frozen=True, kw_only=True)
class CellNumbers:
    """Estimates are over finished seeds; None where nothing was recorded."""

    cell: str
    label: str
    planned: int
    finished: int
    other_endings: tuple[str, ...]  # "oom 2"
    collapsed: int
    collapse_rules: tuple[str, ...]
    flags: tuple[str, ...]
    pass1: Estimate | None
    greedy: Estimate | None
    seconds: Estimate | None
    tokens_per_second: Estimate | None
    states: int | None  # bytes, exact
    states_per_parameter: float | None  # bytes per parameter of the actor, exact
    expected_per_parameter: int | None  # bytes, from the arithmetic
    peak: Estimate | None  # bytes
    starved: float | None  # share of the timed steps whose threads waited for a processor


def cell_numbers(cells: Sequence[Cell]) -> tuple[CellNumbers, ...]:
    """Of each cell, with the peaks of a layer of measurement that all of them have."""
    layer = memory_layer(tuple(cells))
    return tuple(_numbers(cell, layer) for cell in cells)


def _numbers(cell: Cell, layer: str | None) -> CellNumbers:
    learning = cell.part.kind != "systems"
    events = [collapse_events(r) for r in cell.finished] if learning else []
    ended = Counter(r.state for r in cell.runs if not r.finished or r.state == "diverged")
    return CellNumbers(
        cell=cell.name,
        label=cell.label,
        planned=len(cell.runs),
        finished=len(cell.finished),
        other_endings=tuple(f"{state} {n}" for state, n in sorted(ended.items())),
        collapsed=sum(bool(e) for e in events),
        collapse_rules=tuple(sorted({e.rule for found in events for e in found})),
        flags=tuple(sorted({f for r in cell.finished for f in flags(r)})) if learning else (),
        pass1=_score(cell, PASS),
        greedy=_score(cell, GREEDY),
        seconds=over_seeds(cell, step_seconds),
        tokens_per_second=over_seeds(cell, tokens_per_second),
        states=state_bytes(cell),
        states_per_parameter=bytes_per_parameter(cell),
        expected_per_parameter=expected_bytes_per_parameter(cell),
        peak=over_seeds(cell, partial(peak_bytes, layer=layer)) if layer else None,
        starved=starved_share(cell.finished),
    )


def _score(cell: Cell, metric: str) -> Estimate | None:
    # A diverged run scores 0 where its cell was evaluated at all, not where no evaluation was planned.
    if not any(r.series(metric) for r in cell.runs):
        return None
    return over_seeds(cell, partial(final_score, metric=metric), most=1.0)
