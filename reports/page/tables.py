"""The tables: LaTeX (booktabs), CSV, Markdown, and plain text for a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from textwrap import wrap

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports import numbers
from rlvr_bench.reports.claims.verdict import Verdict
from rlvr_bench.reports.escape import latex, markdown_cell, one_line
from rlvr_bench.reports.load import Study
from rlvr_bench.reports.measures.comparison import Row, comparison
from rlvr_bench.reports.stats import Estimate

TEXT_WIDTH = 100


@dataclass(frozen=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = "Brackets: 95 % interval over seeds; seeds: finished of planned."


def comparison_table(study: Study, part: PartInfo) -> Table:
    """One row per cell; the columns that this kind of part can fill."""
    rows = comparison(study.cells(part))
    learning, memory = ("cell", "seeds", "pass@1", "greedy", "collapsed", "s/step"), ("state B/param", "peak")
    columns = (
        (*learning, "other endings")
        if part.kind == "learning"
        else ("cell", "seeds", *memory, "s/step", "tokens/s", "other endings")
    )
    return Table(one_line(part.title), columns, tuple(tuple(_field(row, c) for c in columns) for row in rows))


def _field(row: Row, column: str) -> str:
    match column:
        case "cell":
            return one_line(row.label)
        case "seeds":
            return f"{row.finished} of {row.planned}"
        case "pass@1":
            return numbers.with_interval(row.pass1, numbers.share)
        case "greedy":
            return numbers.with_interval(row.greedy, numbers.share)
        case "collapsed":
            rules = f" ({', '.join(row.collapse_rules)})" if row.collapse_rules else ""
            return f"{row.collapsed} of {row.finished}{rules}"
        case "s/step":
            return numbers.with_interval(row.seconds, numbers.number)
        case "tokens/s":
            return numbers.with_interval(row.tokens_per_second, numbers.number)
        case "state B/param":
            known = row.states_per_parameter
            return numbers.ABSENT if known is None else f"{known:.2f} (exact)"
        case "peak":
            return _sizes(row.peak)
        case _:
            return ", ".join(row.unfinished) or "none"


def _sizes(estimate: Estimate | None) -> str:
    """An interval of bytes in one unit, so that it stays short."""
    if estimate is None:
        return numbers.ABSENT
    unit, name = (1024**3, "GiB") if estimate.value >= 1024**3 else (1024**2, "MiB")
    return numbers.with_interval(estimate, lambda v: numbers.number(v / unit), name)


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    columns = ("id", "claim", "verdict", "effect", "n", "p (Holm)", "how decided")
    return Table(
        "Verdicts",
        columns,
        tuple(
            (v.id, v.claim, v.outcome, v.effect or "none", v.n or "none", numbers.p_value(v.p_holm), v.rule)
            for v in verdicts
        ),
    )  # fmt: skip


def comparison_csv(study: Study, part: PartInfo) -> str:
    """Raw numbers: value, low, high and n of each estimate in columns of their own; bytes, seconds, shares."""
    estimates = ("pass1", "greedy", "seconds", "tokens_per_second", "peak")
    exact = ("states", "states_per_parameter", "expected_per_parameter")
    head = ["cell", "label", "planned", "finished", "other_endings", "collapsed", "collapse_rules", "flags", *exact]
    head += [f"{name}{end}" for name in estimates for end in ("", "_low", "_high", "_n", "_method")]
    lines = []
    for row in comparison(study.cells(part)):
        line = [row.cell, row.label, row.planned, row.finished, "; ".join(row.unfinished), row.collapsed]
        line += ["; ".join(row.collapse_rules), "; ".join(row.flags), *(getattr(row, name) for name in exact)]
        for name in estimates:
            e: Estimate | None = getattr(row, name)
            line += [e.value, e.low, e.high, e.n, e.method] if e else [None] * 5
        lines.append(line)
    return csv_text([head, *lines])


def first_columns(table: Table, n: int) -> Table:
    return replace(table, columns=table.columns[:n], rows=tuple(row[:n] for row in table.rows))


def verdicts_csv(verdicts: Sequence[Verdict]) -> str:
    """Verdicts with their raw numbers."""
    head = ["id", "part", "claim", "verdict", "value", "low", "high", "n", "p", "p_holm", "effect", "how_decided"]
    lines: list[list[object]] = [[*head, "held_equal", "note"]]
    for v in verdicts:
        e = v.estimate
        numbers = [e.value, e.low, e.high] if e else [None] * 3
        lines.append(
            [v.id, v.part, v.claim, v.outcome, *numbers, v.n, v.p, v.p_holm, v.effect, v.rule, v.equal, v.note]
        )
    return csv_text(lines)


def table_csv(table: Table) -> str:
    return csv_text([list(table.columns), *map(list, table.rows)])


def csv_text(lines: list[list[object]]) -> str:
    """Lines of raw values as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for line in lines:
        # A spreadsheet must not run a label as a formula.
        writer.writerow([f"'{x}" if isinstance(x, str) and x[:1] in "=+-@" and x else x for x in line])
    return out.getvalue()


def table_latex(table: Table) -> str:
    """A booktabs tabular with its caption; needs \\usepackage{booktabs}."""
    head = " & ".join(latex(c) for c in table.columns)
    body = "\n".join(" & ".join(latex(x) for x in row) + r" \\" for row in table.rows)
    return (
        "\\begin{table}\n\\centering\n"
        f"\\caption{{{latex(table.title)}. {latex(table.note)}}}\n"
        f"\\begin{{tabular}}{{l{'r' * (len(table.columns) - 1)}}}\n"
        f"\\toprule\n{head} \\\\\n\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}\n\\end{{table}}\n"
    )


def table_markdown(table: Table) -> str:
    lines = [table.columns, ("---",) * len(table.columns), *table.rows]
    return "\n".join("| " + " | ".join(c if c == "---" else markdown_cell(c) for c in line) + " |" for line in lines)


def plain_text(table: Table, width: int = TEXT_WIDTH) -> str:
    """Aligned columns of at most `width` characters; the widest columns are wrapped until it fits."""
    limits = [max(len(line[i]) for line in (table.columns, *table.rows)) for i in range(len(table.columns))]
    while sum(limits) + 2 * (len(limits) - 1) > width:
        limits[limits.index(max(limits))] -= 1
    lines = [table.title, "-" * min(width, sum(limits) + 2 * (len(limits) - 1))]
    for row in (table.columns, *table.rows):
        parts = [wrap(text, limit) or [""] for text, limit in zip(row, limits, strict=True)]
        for i in range(max(map(len, parts))):
            cells = [p[i] if i < len(p) else "" for p in parts]
            lines.append("  ".join(c.ljust(limit) for c, limit in zip(cells, limits, strict=True)).rstrip())
    return "\n".join(line[:width] for line in lines)


def text_table(study: Study) -> str:
    """The comparison of every part, for a terminal."""
    blocks = [plain_text(comparison_table(study, part)) for part in study.manifest.parts]
    note = (
        "Brackets: 95 % interval over seeds (t below 10 seeds). pass@1 and greedy: mean of the last 3 evaluations. "
        "Peak: largest of a step, less what was held before the models."
    )
    return "\n\n".join([*blocks, "\n".join(wrap(note, TEXT_WIDTH))]) + "\n"
