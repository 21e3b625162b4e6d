"""Findings as a table and as raw numbers."""

from __future__ import annotations

import csv
import io

from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.page.finding_table import finding_table, findings_csv
from rlvr_bench.reports.stats import Estimate

FOUND = (
    Finding(id="a.b", claim="A.", conclusion="refuted", effect="1 [0, 2]", n="3", p=0.01, p_holm=0.02,
            estimate=Estimate(1.0, 0.0, 2.0, 3, "t"), rule="So."),
    not_tested("c.d", "C.", "no data."),
    Finding(id="e.f", claim="E.", conclusion="supported", primary=True, pair=("A", "B"), holds=(-0.02, 0.02), level=0.9,
            p_holm=0.01, part="Here", power=0.8, question="cost", estimate=Estimate(0.0, -0.01, 0.01, 3, "t")),
)  # fmt: skip


def test_one_row_a_finding() -> None:
    table = finding_table(FOUND)
    assert table.rows[0] == ("a.b", "A.", "refuted", "1 [0, 2]", "3", ".020", "So.")
    assert table.rows[1] == ("c.d", "C.", "not tested", "none", "none", "—", "")
    assert table.rows[2][2] == "supported (primary)"


def test_csv_has_raw_numbers() -> None:
    rows = list(csv.DictReader(io.StringIO(findings_csv(FOUND))))
    assert [rows[0][k] for k in ("conclusion", "value", "low", "high", "p", "p_holm")] == [
        "refuted", "1.0", "0.0", "2.0", "0.01", "0.02",
    ]  # fmt: skip
    assert (rows[1]["value"], rows[1]["note"]) == ("", "no data.")
    names = ("primary", "question", "part", "a", "b", "level", "holds_from", "power", "method")
    assert [rows[2][k] for k in names] == ["True", "cost", "Here", "A", "B", "0.9", "-0.02", "0.8", "t"]
