"""The table of all findings is made here."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.reports import numbers
from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.page.table import Table, csv_text

NOTE = f"Brackets: {numbers.INTERVAL}; p after Holm's correction over all tested findings of the study."


def finding_table(findings: Sequence[Finding]) -> Table:
    """One row per finding."""
    columns = ("claim", "in words", "conclusion", "effect", "n", "p (Holm)", "how decided")
    rows = tuple(
        (f.id, f.claim, f.conclusion, f.effect or "none", f.n or "none", numbers.p_value(f.p_holm), f.rule)
        for f in findings
    )
    return Table("Findings", columns, rows, NOTE)


def findings_csv(findings: Sequence[Finding]) -> str:
    """Findings with their raw numbers."""
    head = ["id", "part", "claim", "conclusion", "value", "low", "high", "n", "p", "p_holm", "effect", "how_decided"]
    lines: list[list[object]] = [[*head, "held_equal", "note"]]
    for f in findings:
        e = f.estimate
        interval = [e.value, e.low, e.high] if e else [None] * 3
        line = [f.id, f.part, f.claim, f.conclusion, *interval, f.n, f.p, f.p_holm, f.effect, f.rule, f.equal, f.note]
        lines.append(line)
    return csv_text(lines)
