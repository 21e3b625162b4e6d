"""Tables as LaTeX, CSV and Markdown: escapes, and nothing that a program would run."""

from __future__ import annotations

from rlvr_bench.reports.page import table as tables
from rlvr_bench.reports.page.table import Table


def test_latex_and_markdown_escape() -> None:
    table = Table("50 % & more", ("cell", "a_b"), (("x_1 #", "5 %"), ("a|b", "<b>")))
    tex = tables.table_latex(table)
    assert r"50 \% \& more" in tex
    assert r"x\_1 \# & 5 \% \\" in tex
    assert all(word in tex for word in (r"\toprule", r"\midrule", r"\bottomrule"))
    assert tables.table_markdown(table).splitlines()[-1] == r"| a\|b | &lt;b&gt; |"


def test_the_note_is_in_the_caption() -> None:
    assert r"\caption{Title. Note.}" in tables.table_latex(Table("Title", ("a",), (("1",),), "Note."))
    assert r"\caption{Title.}" in tables.table_latex(Table("Title", ("a",), (("1",),)))


def test_csv_does_not_start_a_formula() -> None:
    assert tables.table_csv(Table("", ("a",), (("=1+1",),))).splitlines()[1] == "'=1+1"


def test_first_columns() -> None:
    assert tables.first_columns(Table("t", ("a", "b", "c"), (("1", "2", "3"),)), 2).rows == (("1", "2"),)
