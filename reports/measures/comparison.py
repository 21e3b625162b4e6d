"""One row of numbers per cell: what every table of the report is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from rlvr_bench.reports.claims.verdict import rng
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.collapse import collapse_events, flags
from rlvr_bench.reports.measures.runs import (
    bytes_per_parameter,
    expected_bytes_per_parameter,
    final_score,
    memory_layer,
    peak_bytes,
    state_bytes,
    step_seconds,
    tokens_per_second,
)
from rlvr_bench.reports.stats import Estimate, mean_estimate


@dataclass(frozen=True)
class Row:
    """Estimates are over finished seeds; None where nothing was recorded."""

    cell: str
    label: str
    planned: int
    finished: int
    unfinished: tuple[str, ...]  # "oom 2"
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


def comparison(cells: Sequence[Cell]) -> tuple[Row, ...]:
    layer = memory_layer(tuple(cells))
    return tuple(_row(cell, layer) for cell in cells)


def _row(cell: Cell, layer: str | None) -> Row:
    learning = cell.part.kind == "learning"
    events = [collapse_events(r) for r in cell.finished] if learning else []
    ended = Counter(r.state for r in cell.runs if not r.finished or r.state == "diverged")
    return Row(
        cell.name,
        cell.label,
        len(cell.runs),
        len(cell.finished),
        tuple(f"{state} {n}" for state, n in sorted(ended.items())),
        sum(bool(e) for e in events),
        tuple(sorted({e.rule for found in events for e in found})),
        tuple(sorted({f for r in cell.finished for f in flags(r)})) if learning else (),
        _score(cell, "eval/pass@1"),
        _score(cell, "eval/greedy"),
        _over_seeds(cell, step_seconds),
        _over_seeds(cell, tokens_per_second),
        state_bytes(cell),
        bytes_per_parameter(cell),
        expected_bytes_per_parameter(cell),
        _over_seeds(cell, partial(peak_bytes, layer=layer)) if layer else None,
    )


def _score(cell: Cell, metric: str) -> Estimate | None:
    # A diverged run scores 0 where its cell was evaluated at all, not where nobody asked.
    if not any(r.series(metric) for r in cell.runs):
        return None
    return _over_seeds(cell, partial(final_score, metric=metric), 1.0)


def _over_seeds(cell: Cell, measure: Callable[[Run], float | None], most: float = float("inf")) -> Estimate | None:
    values = [v for r in cell.finished if (v := measure(r)) is not None]
    return mean_estimate(values, rng(), bounds=(0.0, most)) if values else None
