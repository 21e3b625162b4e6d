"""How alike the paired runs came out is tabled here: what pairing by seed gained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import sqrt
from statistics import correlation, stdev

from rlvr_bench.harness.records import Hypothesis, PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.matching import matched_pairs
from rlvr_bench.reports.cells.pairing import Paired, pair
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell, Run, Study
from rlvr_bench.reports.measures.accuracy import final_score
from rlvr_bench.reports.measures.costs.memory import memory_layer, peak_bytes
from rlvr_bench.reports.measures.costs.step_time import step_seconds
from rlvr_bench.reports.page.table import Table

LEAST = 3  # pairs of which a correlation says anything at all
NOTE = (
    "Runs of one seed share the base model, the order of the prompts and the items. Correlation: Pearson's, over the "
    f"paired seeds; none below {LEAST} of them, or where a cell's values are all equal. Paired and unpaired: standard "
    "deviation of the difference as it is, and as it would be for independent runs; pairing gained where the first is "
    "smaller."
)
COLUMNS = ("cells", "number", "paired seeds", "correlation", "SD paired", "SD unpaired")
Measure = Callable[[Run], float | None]


def correlation_table(study: Study, part: PartInfo) -> Table:
    """One row a pair and number; empty where no two cells are compared."""
    cells = study.cells(part)
    rows = []
    for a, b in compared(cells, study.manifest.hypotheses):
        for name, measure, show in _measures(cells):
            if found := pair(a, b, measure):
                rows.append((f"{one_line(a.label)} and {one_line(b.label)}", name, *_entries(found, show)))
    return Table("Correlation of the pairs", COLUMNS, tuple(rows), NOTE)


def compared(cells: Sequence[Cell], hypotheses: Sequence[Hypothesis]) -> list[tuple[Cell, Cell]]:
    """The pairs of the part's hypotheses, and PPO and GRPO under one reward; each once."""
    by_name = {c.name: c for c in cells}
    named = [h.cells for h in hypotheses if cells and h.part == cells[0].part.name]
    pairs = [*named, *((a.name, b.name) for a, b in matched_pairs(cells))]
    once = {frozenset(names): names for names in reversed(pairs) if set(names) <= by_name.keys()}
    return [(by_name[a], by_name[b]) for a, b in reversed(once.values())]


def _measures(cells: Sequence[Cell]) -> list[tuple[str, Measure, numbers.Format]]:
    found: list[tuple[str, Measure, numbers.Format]] = [
        ("final pass@1", final_score, numbers.share),
        ("s/step", step_seconds, numbers.number),
    ]
    if layer := memory_layer(tuple(cells)):
        found.append(("peak", partial(peak_bytes, layer=layer), numbers.size))
    return found


def _entries(found: Paired, show: numbers.Format) -> tuple[str, ...]:
    n = len(found.seeds)
    if n < 2:
        return (str(n), *[numbers.ABSENT] * 3)
    apart = stdev(x - y for x, y in zip(found.a, found.b, strict=True))
    spreads = stdev(found.a), stdev(found.b)
    together = f"{correlation(found.a, found.b):+.2f}" if n >= LEAST and min(spreads) > 0 else numbers.ABSENT
    return str(n), together, show(apart), show(sqrt(sum(s * s for s in spreads)))
