"""Tables as CSV and Markdown: escapes, and nothing that a program would run."""

from __future__ import annotations

from rlvr_bench.reports.page import table as tables
from rlvr_bench.reports.page.table import Table


def test_markdown_escapes() -> None:
    table = Table("50 % & more", ("cell", "a_b"), (("x_1 #", "5 %"), ("a|b", "<b>")))
    assert tables.table_markdown(table).splitlines()[-1] == r"| a\|b | &lt;b&gt; |"


def test_csv_does_not_start_a_formula() -> None:
    assert tables.table_csv(Table("", ("a",), (("=1+1",),))).splitlines()[1] == "'=1+1"


def test_first_columns() -> None:
    assert tables.first_columns(Table("t", ("a", "b", "c"), (("1", "2", "3"),)), 2).rows == (("1", "2"),)
