"""The table of a part's cells side by side is made here, and that of the runs that did not complete."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Cell, Study
from rlvr_bench.reports.measures.accuracy import FINAL_SCORE
from rlvr_bench.reports.measures.cell_numbers import CellNumbers, cell_numbers
from rlvr_bench.reports.page.table import Table, csv_text
from rlvr_bench.reports.stats import SMALL_N, Estimate

COMPARISON_NOTE = (
    f"Brackets: {numbers.INTERVAL} over seeds (t below {SMALL_N} seeds). Seeds: finished of planned. pass@1 and "
    f"greedy: {FINAL_SCORE}. Peak: largest of a step, less what was held before the models. Starved, where it was "
    "recorded: share of the timed steps that waited for a processor."
)
ESTIMATES = ("pass1", "greedy", "seconds", "tokens_per_second", "peak")
EXACT = ("states", "states_per_parameter", "expected_per_parameter", "starved")
REASON_LIMIT = 400  # characters


def comparison_table(part: PartInfo, cells: Sequence[Cell]) -> Table:
    """One row per cell; the columns that this kind of part can fill."""
    if part.kind == "systems":
        columns = ("cell", "seeds", "state B/param", "peak", "s/step", "tokens/s", "other endings")
    else:
        columns = ("cell", "seeds", "pass@1", "greedy", "collapsed", "s/step", "other endings")
    found = cell_numbers(cells)
    if any(of_cell.starved is not None for of_cell in found):
        columns = (*columns[:-1], "starved", columns[-1])
    rows = tuple(tuple(_field(of_cell, c) for c in columns) for of_cell in found)
    return Table(one_line(part.title), columns, rows, COMPARISON_NOTE)


def _field(of_cell: CellNumbers, column: str) -> str:
    match column:
        case "cell":
            return one_line(of_cell.label)
        case "seeds":
            return f"{of_cell.finished} of {of_cell.planned}"
        case "pass@1":
            return numbers.with_interval(of_cell.pass1, numbers.share)
        case "greedy":
            return numbers.with_interval(of_cell.greedy, numbers.share)
        case "collapsed":
            rules = f" ({', '.join(of_cell.collapse_rules)})" if of_cell.collapse_rules else ""
            return f"{of_cell.collapsed} of {of_cell.finished}{rules}"
        case "starved":
            return numbers.ABSENT if of_cell.starved is None else numbers.percent(of_cell.starved)
        case "s/step":
            return numbers.with_interval(of_cell.seconds, numbers.number)
        case "tokens/s":
            return numbers.with_interval(of_cell.tokens_per_second, numbers.number)
        case "state B/param":
            known = of_cell.states_per_parameter
            return numbers.ABSENT if known is None else f"{known:.2f} (exact)"
        case "peak":
            return _sizes(of_cell.peak)
        case _:
            return ", ".join(of_cell.other_endings) or "none"


def _sizes(estimate: Estimate | None) -> str:
    """An interval of bytes in one unit, so that it stays short."""
    if estimate is None:
        return numbers.ABSENT
    unit, name = (1024**3, "GiB") if estimate.value >= 1024**3 else (1024**2, "MiB")
    return numbers.with_interval(estimate, lambda v: numbers.number(v / unit), name)


def comparison_csv(part: PartInfo, cells: Sequence[Cell]) -> str:
    """Raw numbers: value, low, high and n of each estimate in columns of their own; bytes, seconds, shares."""
    head = ["cell", "label", "planned", "finished", "other_endings", "collapsed", "collapse_rules", "flags", *EXACT]
    head += [f"{name}{end}" for name in ESTIMATES for end in ("", "_low", "_high", "_n", "_method")]
    lines: list[list[object]] = [list(head)]
    for c in cell_numbers(cells):
        line: list[object] = [c.cell, c.label, c.planned, c.finished, "; ".join(c.other_endings), c.collapsed]
        line += ["; ".join(c.collapse_rules), "; ".join(c.flags), *(getattr(c, name) for name in EXACT)]
        for name in ESTIMATES:
            line += estimate_fields(getattr(c, name))
        lines.append(line)
    return csv_text(lines)


def estimate_fields(e: Estimate | None) -> list[object]:
    """Value, low, high, n and method."""
    return [e.value, e.low, e.high, e.n, e.method] if e else [None] * 5


def endings_table(study: Study) -> Table:
    """Every run that is not a plain success, with the reason."""
    label = {c.name: c.label for c in study.manifest.cells}
    rows = tuple(
        (r.part, one_line(label.get(r.cell, r.cell)), str(r.seed), r.state, _reason(r.reason))
        for r in study.runs
        if r.state != "completed"
    )
    return Table("Runs that did not complete", ("part", "cell", "seed", "status", "reason"), rows)


def _reason(text: str) -> str:
    return one_line(text, REASON_LIMIT) or "none given"
