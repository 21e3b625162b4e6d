"""Whether the machine was quiet is computed here: a step whose threads had to wait for a processor is starved.

`cost/processor_wait` adds up, over the threads of the process, the time in which they were ready and had none.  A step
of which one thread lost more than STARVED_SHARE of the seconds (or several of them as much together) did not have the
machine that its seconds are meant to measure.  A claim about time is undecidable where more than BUSY_SHARE of the
timed steps were starved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rlvr_bench.reports.load import Cell, MetricsRow, Run
from rlvr_bench.reports.measures.costs.step_time import timed_rows
from rlvr_bench.reports.numbers import whole_percent

WAIT = "cost/processor_wait"
STARVED_SHARE = 0.1  # of a step's seconds, waited by one thread
BUSY_SHARE = 0.1  # of the timed steps
LEAST_TIMED = 30  # timed steps of a cell, all its runs together, for a claim about time
RULE_IN_WORDS = (
    f"A step is starved if its threads together waited for a processor for more than {whole_percent(STARVED_SHARE)} of "
    f"its seconds; claims about time are undecidable where over {whole_percent(BUSY_SHARE)} of the timed steps were."
)


def starved(row: MetricsRow) -> bool | None:
    """Of one step; None where the wait was not recorded."""
    wait, seconds = row.get(WAIT), row.get("cost/seconds")
    return None if wait is None or not seconds else float(wait) > STARVED_SHARE * float(seconds)


def starved_share(runs: Iterable[Run]) -> float | None:
    """Of the timed steps that recorded their wait; None where none did."""
    found = [state for run in runs for row in timed_rows(run) if (state := starved(row)) is not None]
    return sum(found) / len(found) if found else None


def busy(cells: Sequence[Cell]) -> str:
    """Why their seconds cannot be compared, as a clause; empty where they can, or where the wait is not known."""
    share = max((s for c in cells if (s := starved_share(c.finished)) is not None), default=0.0)
    if share <= BUSY_SHARE:
        return ""
    return f"the machine was busy: {100 * share:.0f} % of the timed steps waited for a processor"


def timing_note(cells: Sequence[Cell]) -> str:
    """What a reader of seconds has to know of how they were taken; empty where nothing."""
    notes = []
    fewest = min((sum(len(timed_rows(r)) for r in c.finished) for c in cells if c.finished), default=0)
    if fewest < LEAST_TIMED:
        notes.append(f"{fewest} timed steps a cell, fewer than the {LEAST_TIMED} that a claim about time needs.")
    if any(starved_share(c.finished) is None for c in cells if c.finished):
        notes.append("Processor wait was not recorded, so whether the machine was quiet is not known.")
    return " ".join(notes)
