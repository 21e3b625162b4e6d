"""The table of all findings is made here."""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.reports import numbers
from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.page.table import Table, csv_text

NOTE = (
    "Primary: named by the suite before its runs; p is Holm's over those alone. All else is descriptive: its interval "
    f"decides, nothing is corrected. Brackets: {numbers.INTERVAL}, beside an equivalence the 90 % interval."
)


def finding_table(findings: Sequence[Finding]) -> Table:
    """One row per finding."""
    columns = ("claim", "in words", "conclusion", "effect", "n", "p (Holm)", "how decided")
    rows = tuple(
        (f.id, f.claim, _conclusion(f), f.effect or "none", f.n or "none", numbers.p_value(f.p_holm), f.rule)
        for f in findings
    )
    return Table("Findings", columns, rows, NOTE)


def _conclusion(f: Finding) -> str:
    return f"{f.conclusion} (primary)" if f.primary else f.conclusion


def findings_csv(findings: Sequence[Finding]) -> str:
    """Findings with their raw numbers; the threshold is where the proposition holds, in the unit of the value."""
    head = [
        "id",
        "part",
        "primary",
        "question",
        "claim",
        "conclusion",
        "a",
        "b",
        "scale",
        "unit",
        "value",
        "low",
        "high",
    ]
    head += ["level", "method", "holds_from", "holds_to", "n", "p", "p_holm", "power", "effect", "sentence"]
    lines: list[list[object]] = [[*head, "how_decided", "held_equal", "note"]]
    for f in findings:
        e = f.estimate
        interval = [e.value, e.low, e.high, f.level, e.method] if e else [None] * 5
        line: list[object] = [f.id, f.part, f.primary, f.question, f.claim, f.conclusion, *(f.pair or (None, None))]
        line += [f.scale, f.unit, *interval, *(f.holds or (None, None)), f.n, f.p, f.p_holm, f.power, f.effect]
        lines.append([*line, f.sentence, f.rule, f.equal, f.note])
    return csv_text(lines)
