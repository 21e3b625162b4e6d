"""The column of times to the target accuracy is made here: when each cell reached it, or that it did not."""

from __future__ import annotations

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.load import Study
from rlvr_bench.reports.measures.budgets import TARGET, arrivals_of
from rlvr_bench.reports.page.opening.short_table import Entry, TimesToTarget
from rlvr_bench.reports.stats import Arrival, time_to_target

NOTE = (
    f"Time to {numbers.plain(TARGET)}: training seconds up to the first evaluation with that pass@1, median over the "
    "seeds with those that never reach it as censored (Kaplan-Meier), and below it how many of them did."
)


def times_to_target(study: Study, part: PartInfo) -> TimesToTarget | None:
    """None where no run of the part reached the target, or none recorded its seconds."""
    cells = study.cells(part)
    found = dict(zip([c.name for c in cells], arrivals_of(cells, "seconds", TARGET), strict=True))
    if not any(a.reached for of_cell in found.values() for a in of_cell.values()):
        return None
    entries = {name: _entry(list(of_cell.values())) for name, of_cell in found.items() if of_cell}
    return TimesToTarget(f"s to {numbers.plain(TARGET)}", entries, NOTE)


def _entry(arrivals: list[Arrival]) -> Entry:
    found = time_to_target(arrivals)
    value = numbers.number(found.median) if found.median is not None else f"> {numbers.number(found.horizon)}"
    return Entry(value, f"{found.reached} of {found.n}")
