"""The figure of the critic's values: a panel a cell, a line a part, and the group's mean beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rlvr_bench.reports.figures import palette, style
from rlvr_bench.reports.figures.palette import looks_of
from rlvr_bench.reports.figures.subject import Subject
from rlvr_bench.reports.figures.training import values
from rlvr_bench.reports.load import load
from tests.reports import synthetic
from tests.reports.probes import simulated
from tests.reports.synthetic import CELLS, LEARNING

LONG, SHORT = (replace(LEARNING, name=n, title=n.capitalize(), seeds=(0, 1, 2)) for n in ("long", "short"))


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    def probe(seed: int) -> list[dict]:
        return simulated(seed, off=0.2, prompts=8)

    spec = replace(CELLS[1], values=probe)
    study = load(synthetic.write(tmp_path_factory.mktemp("values"), [spec, CELLS[2]], [LONG, SHORT], steps=2))
    # Synthetic parts are alike: here the second has shorter completions.
    runs = tuple(r if r.part == "long" else replace(r, values=tuple(_short(r.values))) for r in study.runs)
    study = replace(study, runs=runs)
    return Subject(study=study, part=None, cells=(), looks=looks_of(study))


def _short(rows: tuple) -> list[dict]:
    return [
        {**row, "prompts": [{**p, "length": 20, "position": [0, 4, 8, 12, 16]} for p in row["prompts"]]} for row in rows
    ]


@pytest.mark.parametrize("width", ["text", "column"])
def test_a_line_a_part_from_light_to_dark(subject: Subject, width: style.Width) -> None:
    with style.styled():
        figure = values.values(subject, width)
    assert figure is not None
    (axes,) = figure.axes
    assert axes.get_title() == "PPO, verifier"
    errors = [line for line in axes.lines if line.get_linestyle() == "-"]
    groups = [line for line in axes.lines if line.get_linestyle() == "--"]
    shades = [palette.LENGTHS[-2].color, palette.LENGTHS[-1].color]
    assert [line.get_color() for line in errors] == [line.get_color() for line in groups] == shades
    assert [round(float(x), 3) for x in errors[0].get_xdata()] == [0, 0.2, 0.4, 0.6, 0.8]
    texts = [t.get_text().replace("\n", " ") for t in figure.legends[0].get_texts()]
    assert texts == ["Short (20 tokens)", "Long (40 tokens)", values.GROUP]
    assert values.remark(subject).startswith("PPO, verifier: 20 tokens: 0.")


def test_without_a_probe_there_is_no_figure(subject: Subject) -> None:
    bare = replace(subject, study=replace(subject.study, runs=tuple(replace(r, values=()) for r in subject.study.runs)))
    assert values.values(bare, "text") is None
    assert values.remark(bare) == ""
