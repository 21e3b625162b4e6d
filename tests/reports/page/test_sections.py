"""Nothing that is drawn is missing from the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib import pyplot

from rlvr_bench import reports
from rlvr_bench.reports.figures import draw
from rlvr_bench.reports.load import load
from rlvr_bench.reports.page import tables
from rlvr_bench.reports.page.sections import SECTIONS, sections
from rlvr_bench.reports.page.table import Table
from tests.reports import synthetic
from tests.reports.judge import learning_study
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS


@pytest.mark.usefixtures("quick_figures")
@pytest.mark.parametrize("section", ["learning", "made-up"])
def test_a_new_figure_is_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, section: str) -> None:
    kind = draw.FigureKind(
        name="mine",
        section=section,
        about="learning",
        make=lambda subject, width: pyplot.figure(figsize=(1, 1)),
        caption="A figure of my own.",
    )
    monkeypatch.setattr(draw, "FIGURES", (kind,))
    page = reports.build(synthetic.write(tmp_path, CELLS[2:], [replace(LEARNING, seeds=(0,))], steps=2))
    html, markdown = page.read_text(), (page.parent / "report.md").read_text()
    assert html.count("A figure of my own. Files: figures/mine-learning.pdf") == 1
    assert html.index(f'<h2 id="{section}">') < html.index("A figure of my own.")
    assert f'<a href="#{section}">' in html
    assert "(figures/mine-learning.svg)" in markdown


def test_a_new_table_is_in_its_section(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tables.TableKind(name="m", section="time", make=lambda part, cells: Table("Mine", ("a",), (("1",),)))
    monkeypatch.setattr(tables, "TABLES", (*tables.TABLES, mine))
    study = load(synthetic.write(tmp_path, CELLS[2:], [LEARNING, SYSTEMS], steps=2))
    found = {s.id: [t.title for t in s.tables] for s in sections(study, ())}
    assert found["time"] == [f"Mine: {part.title}" for part in study.manifest.parts]
    assert found["cells"] == [part.title for part in study.manifest.parts]


def test_sections_without_content_say_so_or_are_left_out(tmp_path: Path) -> None:
    found = {s.id: s for s in sections(learning_study(tmp_path, CELLS[2]), ())}
    assert list(found) == [kind.id for kind in SECTIONS if kind.id != "rewards"]
    assert found["time"].paragraphs == ("No step was timed.",)
    assert found["memory"].paragraphs == ()
    assert "resident set size" in found["memory"].remarks[0]


def test_flags_and_failed_runs_are_beside_the_cells(tmp_path: Path) -> None:
    silent = replace(CELLS[2], zero_groups=0.95, status={0: "oom"})
    found = sections(learning_study(tmp_path, silent), ())[0]
    assert found.remarks[0] == (
        "Flag, not a collapse: GRPO, verifier: zero-variance groups above 90 % in over half of the steps."
    )
    assert found.alert is not None
    assert found.alert.rows[0][3] == "oom"
