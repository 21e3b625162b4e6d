r"""Printed tables: nothing sticks out of its column nor the page, measured here and, where it is installed, by TeX."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from rlvr_bench.reports.page.latex.printed import table_latex
from rlvr_bench.reports.page.table import Table
from tests.reports.page.latex.computer_modern import printed_width

COMMITTED = sorted((Path(__file__).parents[4] / "results").glob("*/report/tables/*.tex"))
ONE, BOTH = 229.87, 469.75  # points of \columnwidth and \textwidth in the article class with two columns
NASTY = Table(
    "100 % of $x_1$ & {more}",
    ("cell", "~ ^ \\ | < >", "p (Holm)", "word"),
    (
        ("[first]", "*", "< .001", "https://example.org/averyverylongaddress/without/any/space"),
        ("*x", "a -- b ``c''", ".020", "W" * 60),
        ("≤ ≥ → … × ±", "漢字 \u00fcber ☃", "—", "memory.states.four-model " * 12),
    ),
    "A note, 5 % of it with _signs_.",
)
TALL = Table("Tall", ("n", "text"), tuple((str(i), "word " * 80) for i in range(12)), "The note.")
CROWDED = Table(
    "Crowded", ("claim", *["true reward"] * 8), (("memory.states.four-model", *["0.942 [0.935, 0.949]"] * 8),) * 3
)
SAMPLES = {"crowded": CROWDED, "nasty": NASTY, "tall": TALL, "small": Table("Small", ("a", "b"), (("x", "1"),))}
PLAIN = {
    r"\%": "%", r"\&": "&", r"\_": "_", r"\#": "#", r"\$": "$", r"\{": "{", r"\}": "}", "$<$": "<", "$>$": ">",
    "$|$": "|", "---": "—", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^", r"\textbackslash{}": "\\",
}  # fmt: skip


@cache
def texts() -> dict[str, str]:
    made = {name: table_latex(table, name) for name, table in SAMPLES.items()}
    return made | {f"{p.parts[-4]}-{p.stem}": p.read_text() for p in COMMITTED}


def tabulars(tex: str) -> list[tuple[float, int, list[float], list[list[str]]]]:
    """Limit, size of the font, widths of the columns and cells of each tabular."""
    found = []
    for float_ in re.findall(r"\\begin\{table.*?\\end\{table\*?\}", tex, re.DOTALL):
        limit = BOTH if float_.startswith(r"\begin{table*}") else ONE
        size = int(re.findall(r"\\fontsize\{(\d+)\}", float_)[0])
        widths = [float(w) for w in re.findall(r"p\{([\d.]+)pt\}", float_)]
        assert r"\setlength{\tabcolsep}{3pt}" in float_
        body = float_[float_.index(r"\toprule") : float_.index(r"\bottomrule")]
        rows = [line.removesuffix(r" \\") for line in body.splitlines() if line.endswith(r"\\")]
        found.append((limit, size, widths, [re.split(r" & ", row) for row in rows]))
    return found


def plain(word: str) -> str:
    word = word.replace("~", " ")
    for shown, meant in PLAIN.items():
        word = word.replace(shown, meant)
    return word


@pytest.mark.parametrize("name", texts())
def test_columns_fit_the_page(name: str) -> None:
    for limit, _, widths, rows in tabulars(texts()[name]):
        assert sum(widths) + 6 * (len(widths) - 1) <= limit
        assert {len(row) for row in rows} == {len(widths)}


@pytest.mark.parametrize("name", sorted(texts().keys() - {"nasty"}))
def test_no_word_is_wider_than_its_column(name: str) -> None:
    out = [
        (plain(word), width)
        for _, size, widths, rows in tabulars(texts()[name])
        for row in rows
        for width, cell in zip(widths, row, strict=True)
        for word in re.split(r" |\\allowbreak\{\}", cell)
        if printed_width(plain(word), size) > width
    ]
    assert out == []


def test_there_are_committed_tables() -> None:
    assert len(COMMITTED) >= 10


def test_a_small_table_as_it_is_written() -> None:
    assert texts()["small"] == (
        "% \\usepackage{booktabs,array}\n"
        "\\begin{table}\n\\centering\n\\caption{Small.}\n\\label{tab:small}\n"
        "\\fontsize{9}{10.8}\\selectfont\n\\setlength{\\tabcolsep}{3pt}\n"
        # x: 0.528 em of 9 points, in a font that is 1.029 times as wide, are 4.89; b, wider than a 1: 0.556 em are 5.15
        "\\begin{tabular}{@{}>{\\raggedright\\arraybackslash}p{5.3pt} >{\\raggedleft\\arraybackslash}p{5.6pt}@{}}\n"
        "\\toprule\na & b \\\\\n\\midrule\nx & 1 \\\\\n\\bottomrule\n\\end{tabular}\n\\end{table}\n"
    )


def test_signs_are_escaped_and_a_row_cannot_begin_an_argument() -> None:
    tex = texts()["nasty"]
    assert r"\caption{100 \% of \$x\_1\$ \& \{more\}.}" in tex
    assert "\n{}[first] & " in tex
    assert "\n{}*x & " in tex
    assert "[U+6F22]" in tex
    assert "A note, 5 \\% of it with \\_signs\\_.}" in tex
    assert tex.index(r"\end{tabular}") < tex.index("A note")


def test_a_tall_table_goes_on_with_a_label_of_its_own() -> None:
    tex = texts()["tall"]
    assert tex.count(r"\begin{table*}") == 2
    assert re.findall(r"\\label\{(.*?)\}", tex) == ["tab:tall", "tab:tall-2"]
    assert tex.count("Tall (continued)") == 1
    assert tex.count("The note.") == 1
    assert tex.index("The note.") > tex.index("tab:tall-2")
    cells = [row[0] for _, _, _, rows in tabulars(tex) for row in rows]
    assert [c for c in cells if c != "n"] == [str(i) for i in range(12)]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed; the widths are tested above")
def test_every_table_compiles_without_an_overfull_box(tmp_path: Path) -> None:
    body = "\n\\clearpage\n".join(texts().values())
    head = "\\documentclass[twocolumn]{article}\n\\usepackage{booktabs,array}\n\\begin{document}\n"
    (tmp_path / "paper.tex").write_text(f"{head}{body}\n\\end{{document}}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    log = (tmp_path / "paper.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log[-2000:]
    assert [line for line in log.splitlines() if line.startswith(("Overfull", "!")) or "too large" in line] == []
