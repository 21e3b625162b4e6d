"""Every pair of cells of a part is compared here, so that a third algorithm is set against the others by name.

Intervals are Student's over paired seeds, as those that decide a claim; nothing is corrected for the number of pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

from rlvr_bench.reports.cells.pairing import Paired, pair
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.accuracy import PASS, final_score
from rlvr_bench.reports.measures.costs.memory import memory_layer, peak_bytes
from rlvr_bench.reports.measures.costs.step_time import step_seconds
from rlvr_bench.reports.measures.machine import busy
from rlvr_bench.reports.stats import Estimate, paired_difference, paired_ratio, probability_of_improvement


@dataclass(frozen=True, kw_only=True)
class PairOfCells:
    """A against B, over the seeds that finished in both; None where nothing was recorded."""

    a: Cell
    b: Cell
    pass1: Estimate | None  # A less B
    improvement: float | None  # probability that a run of A ends above a run of B
    seconds: Estimate | None  # A / B
    peak: Estimate | None  # A / B
    busy: str  # why the seconds cannot be compared, or ""


def pairs_of(cells: Sequence[Cell]) -> tuple[PairOfCells, ...]:
    """Each pair once, the later cell as A and the earlier as B."""
    return tuple(_compare(a, b) for b, a in combinations(cells, 2))


def _compare(a: Cell, b: Cell) -> PairOfCells:
    evaluated = all(any(r.series(PASS) for r in c.runs) for c in (a, b))
    scores = pair(a, b, final_score) if evaluated else None
    layer = memory_layer((a, b))
    return PairOfCells(
        a=a,
        b=b,
        pass1=paired_difference(scores.a, scores.b) if scores else None,
        improvement=probability_of_improvement(scores.a, scores.b) if scores else None,
        seconds=_ratio(a, b, step_seconds),
        peak=_ratio(a, b, partial(peak_bytes, layer=layer)) if layer else None,
        busy=busy((a, b)),
    )


def _ratio(a: Cell, b: Cell, measure: Callable[[Run], float | None]) -> Estimate | None:
    values: Paired | None = pair(a, b, measure)
    if values is None or min(values.a + values.b) <= 0:
        return None
    return paired_ratio(values.a, values.b)
