"""The forest plot: rows by question, two scales, shaded propositions, verdicts by shape, several pages."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.figures import draw, forest, style
from rlvr_bench.reports.figures.subject import Subject
from rlvr_bench.reports.load import load
from rlvr_bench.reports.stats import Estimate
from tests.reports import synthetic
from tests.reports.figures.subjects import subject_of
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS


def effect(identifier: str, value: float, low: float, high: float, **changes: object) -> Finding:
    plain = Finding(id=identifier, claim="", conclusion="supported", estimate=Estimate(value, low, high, 5, "t"),
                    unit="points", holds=(-0.02, 0.02), part=LEARNING.title)  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


GAIN = effect("accuracy.final", 0.01, -0.01, 0.03, conclusion="inconclusive", primary=True)
OTHER = effect("accuracy.other", 0.01, 0.005, 0.015)
COST = effect("cost.step", 0.8, 0.7, 0.9, question="cost", scale="ratio", unit="", holds=(0.0, 0.9), part=SYSTEMS.title)


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return subject_of(cells_of(tmp_path, CELLS[2]))


@pytest.mark.parametrize("width", ["text", "column"])
def test_rows_by_question_and_a_panel_for_each_scale(subject: Subject, width: style.Width) -> None:
    with style.styled():
        figure = forest.forest(replace(subject, findings=(OTHER, GAIN, COST)), width)
    assert figure is not None
    differences, ratios = figure.axes
    assert [t.get_text() for t in differences.get_yticklabels()] == [
        "Accuracy", "accuracy.final", "accuracy.other", "Cost", "cost.step"
    ]  # fmt: skip
    marks = [line for line in differences.lines if line.get_marker() in forest.MARKS.values()]
    assert [(float(m.get_xdata()[0]), m.get_marker(), m.get_markerfacecolor()) for m in marks] == [
        (1.0, "D", forest.INK),  # in points; filled: primary
        (1.0, "o", "white"),
    ]
    assert (differences.get_xscale(), ratios.get_xscale()) == ("linear", "log")
    band = differences.collections[0].get_paths()[0].get_extents()
    assert (band.x0, band.x1) == (-2.0, 2.0)
    words = [t.get_text() for t in ratios.texts]
    beside = ["inconclusive", "+1.0 [-1.0, +3.0]", "supported", "+1.0 [+0.5, +1.5]", "supported", "0.80 [0.70, 0.90]"]
    assert words == (beside if width == "text" else [])
    legend = [t.get_text() for t in figure.legends[0].get_texts()]
    assert legend == ["supported", "inconclusive", "filled: primary", "proposition holds"]


def test_where_there_are_several_parts_a_row_names_its_own(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, CELLS[2:], steps=2))
    subject = Subject(study=study, part=None, cells=(), looks={}, findings=(GAIN, COST))
    ((_, first, _, second),) = forest.pages(subject)
    assert (first.label, second.label) == ("accuracy.final, learning", "cost.step, systems")


def test_a_row_names_its_cells_where_several_have_one_claim_and_fits(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, CELLS, steps=2))
    pair = replace(GAIN, pair=("GRPO, verifier", "PPO, four models"))
    findings = (pair, replace(pair, primary=False), replace(COST, id="cost." + 60 * "x", pair=pair.pair))
    subject = Subject(study=study, part=None, cells=(), looks={}, findings=findings)
    figure, narrow = forest.forest(subject, "text"), forest.forest(subject, "column")
    assert figure is not None and narrow is not None
    names = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert names[1] == "accuracy.final, learning, grpo / ppo-rm"
    assert names[4].startswith("cost.xxx") and names[4].endswith("x…")
    names = [t.get_text() for t in narrow.axes[0].get_yticklabels()]
    assert names[1] == "accuracy.final, learning,\ngrpo / ppo-rm"
    assert names[4].count("\n") <= 1
    alone = forest.pages(replace(subject, findings=findings[:1]))
    assert alone[0][1].label == "accuracy.final, learning"


def test_an_interval_without_an_end_is_written_as_such(subject: Subject) -> None:
    open_ended = replace(COST, estimate=Estimate(2.0, 0.0, inf, 3, "log t"))
    figure = forest.forest(replace(subject, findings=(open_ended,)), "text")
    assert figure is not None
    assert [t.get_text() for t in figure.axes[0].texts][1] == "2.00 [0, ∞)"
    heads = [line.get_marker() for line in figure.axes[0].lines if line.get_marker() in ("<", ">")]
    assert heads == ["<", ">"]


def test_what_has_no_number_or_another_unit_is_left_out(subject: Subject) -> None:
    bare = replace(GAIN, estimate=None)
    nats = replace(GAIN, unit="nats")
    never = replace(COST, estimate=Estimate(inf, 0.0, inf, 10, "log t"))
    assert [forest.scale_of(f) for f in (GAIN, COST, bare, nats, never)] == ["points", "ratio", None, None, None]
    assert forest.forest(replace(subject, findings=(GAIN, COST, never)), "text") is not None
    assert forest.forest(replace(subject, findings=(bare, nats)), "text") is None
    assert forest.remark(replace(subject, findings=(GAIN, bare, nats))).endswith("other units: 1 effect.")
    assert forest.remark(replace(subject, findings=(GAIN,))) == ""


def test_many_effects_take_several_figures_none_too_tall(subject: Subject) -> None:
    many = replace(subject, findings=[replace(OTHER, id=f"a.{i}") for i in range(25)] + [COST])
    made = forest.pages(many)
    assert [len(rows) for rows in made] == [16, 13]
    assert [made[1][0].label, made[1][-1].label] == ["Accuracy (continued)", "cost.step"]
    figures = [forest.forest(many, "column", page=page) for page in range(3)]
    assert figures[2] is None
    assert all(f is None or f.get_size_inches()[1] <= 4.5 for f in figures)


def test_a_wild_interval_does_not_press_the_others_together(subject: Subject) -> None:
    wild = effect("accuracy.wild", 0.0, -5.0, 5.0)
    low, high = forest.limits([wild, GAIN], "points")
    assert -10 < low < -2 < 2 < high < 10
    figure = forest.forest(replace(subject, findings=(wild, GAIN)), "text")
    assert figure is not None
    heads = [line.get_marker() for line in figure.axes[0].lines if line.get_marker() in "<>" and line.get_marker()]
    assert heads == ["<", ">"]


def test_open_propositions_end_at_the_axis(subject: Subject) -> None:
    above = replace(OTHER, holds=(0.0, inf))
    figure = forest.forest(replace(subject, findings=(above,)), "text")
    assert figure is not None
    band = figure.axes[0].collections[0].get_paths()[0].get_extents()
    assert (band.x0, band.x1) == (0.0, figure.axes[0].get_xlim()[1])


@pytest.mark.usefixtures("quick_figures")
def test_it_is_drawn_once_for_a_study_with_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw, "FIGURES", [kind for kind in draw.FIGURES if kind.about == "study"])
    study = load(synthetic.write(tmp_path / "study", CELLS[2:], steps=2))
    assert draw.draw(study, tmp_path / "none") == ()
    (drawn,) = draw.draw(study, tmp_path / "figures", (GAIN, COST))
    assert (drawn.name, drawn.part, drawn.section) == ("forest", "", "effects")
    assert {p.name for p in (tmp_path / "figures").iterdir()} == {"forest.svg", "forest-column.svg"}
