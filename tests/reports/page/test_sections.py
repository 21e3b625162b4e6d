"""Nothing that is drawn or tabled is missing from the page, and everything is in its part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib import pyplot

from rlvr_bench import reports
from rlvr_bench.reports.figures import draw
from rlvr_bench.reports.figures.draw import Drawn
from rlvr_bench.reports.load import Study, load
from rlvr_bench.reports.page import tables
from rlvr_bench.reports.page.costs.memory_table import EXPECTED_IN_WORDS
from rlvr_bench.reports.page.links import Names
from rlvr_bench.reports.page.sections import Section, sections
from rlvr_bench.reports.page.table import Table
from rlvr_bench.reports.page.tables import make_tables
from tests.reports import synthetic
from tests.reports.judge import learning_study
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS


def of(study: Study, *drawn: Drawn) -> tuple[Section, ...]:
    return sections(study, drawn, make_tables(study), Names())


def figure(section: str, part: str) -> Drawn:
    return Drawn(name=f"{section}-{part}", section=section, part=part, caption="")


@pytest.mark.usefixtures("quick_figures")
@pytest.mark.parametrize("section", ["stability", "made-up"])
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
    assert html.count('A figure of my own. Files: <a href="figures/mine-learning.svg">') == 1
    assert html.index(f'<h3 id="part-learning-{section}">') < html.index("A figure of my own. Files")
    assert "(figures/mine-learning.svg)" in markdown


def test_a_new_table_is_in_its_topic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tables.TableKind(name="m", section="time", make=lambda part, cells: Table("Mine", ("a",), (("1",),)))
    monkeypatch.setattr(tables, "TABLES", (*tables.TABLES, mine))
    study = load(synthetic.write(tmp_path, CELLS[2:], [LEARNING, SYSTEMS], steps=2))
    found = [{t.id: [m.heading for m in t.tables] for t in s.topics} for s in of(study)]
    assert [s["part-learning-time"] for s in found[:1]] == [["Mine"]]
    assert list(found[1]) == ["part-systems-cells", "part-systems-memory", "part-systems-time"]


def test_figures_are_in_their_part_and_those_of_none_behind(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, CELLS[2:], [LEARNING, SYSTEMS], steps=2))
    drawn = [figure("memory", "systems"), figure("learning", "learning"), figure("ladder", "")]
    learning, systems, whole = of(study, *drawn)
    assert [d.name for t in learning.topics for d in t.figures] == ["learning-learning"]
    assert [d.name for t in systems.topics for d in t.figures] == ["memory-systems"]
    assert (whole.id, [(t.id, t.title) for t in whole.topics]) == ("part-", [("part--ladder", "Ladder")])


def test_explanations_are_said_once(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, CELLS[2:], [LEARNING, SYSTEMS], steps=2))
    remarks = [[r for t in s.topics for r in t.remarks] for s in of(study)]
    assert [EXPECTED_IN_WORDS in of_part for of_part in remarks] == [True, False]
    assert all(any("resident set size" in r for r in of_part) for of_part in remarks)


def test_a_part_of_which_nothing_is_known_has_its_cells_and_no_other_topic(tmp_path: Path) -> None:
    study = learning_study(tmp_path, replace(CELLS[2], status=dict.fromkeys(range(3), "missing")))
    assert [t.id for t in of(study)[0].topics] == ["part-learning-cells"]


def test_flags_and_failed_runs_are_beside_the_cells(tmp_path: Path) -> None:
    silent = replace(CELLS[2], zero_groups=0.95, status={0: "oom"})
    parts = [LEARNING, replace(SYSTEMS, name="b", seeds=(1,))]
    found, other = of(load(synthetic.write(tmp_path, [silent], parts, steps=8)))
    assert found.topics[0].remarks == (
        "Flag, not a collapse: GRPO, verifier: zero-variance groups above 90 % in over half of the steps.",
    )
    assert found.alert is not None
    assert [row[3] for row in found.alert.rows] == ["oom"]
    assert other.alert is None
