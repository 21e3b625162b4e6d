"""The figure of many samples: two panels, a line a policy, the base model dashed, and where they cross."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.figures import palette, style
from rlvr_bench.reports.figures.subject import Subject
from rlvr_bench.reports.figures.training import many
from rlvr_bench.reports.load import Cell
from tests.reports.figures.subjects import subject_of
from tests.reports.judge import cells_of
from tests.reports.often import KS, base, often
from tests.reports.synthetic import CELLS

WARM = {"warm_start": {"steps": 9}}


@pytest.fixture
def cells(tmp_path: Path) -> tuple[Cell, ...]:
    above, below = [0.6, 0.7, 0.8, 0.99], [0.6, 0.7, 0.8, 0.85]
    specs = [
        replace(c, settings=WARM, many=lambda s, v=v: often(v)) for c, v in zip(CELLS[1:], (above, below), strict=True)
    ]
    return cells_of(tmp_path, *specs, seeds=3)


def with_base(cells: tuple[Cell, ...]) -> Subject:
    subject = subject_of(cells)
    bases = {cells[0].part.name: (base([0.4, 0.6, 0.8, 0.9], WARM["warm_start"]),)}
    return replace(subject, study=replace(subject.study, bases=bases))


@pytest.mark.parametrize("width", ["text", "column"])
def test_a_line_for_each_policy_and_one_for_the_base(cells: tuple[Cell, ...], width: style.Width) -> None:
    with style.styled():
        figure = many.many(with_base(cells), width)
    assert figure is not None
    passed, voted = figure.axes
    colors = [*palette.ALGORITHMS[:2], "black"]
    curves = [line for line in passed.lines if len(line.get_xdata()) == len(KS)]
    assert [line.get_color() for line in curves] == colors
    assert [line.get_linestyle() for line in curves] == ["-", "-", "--"]
    assert list(curves[0].get_xdata()) == list(KS)
    assert len(voted.lines) == 3 and len(voted.collections) == 2
    (upright,) = [line for line in passed.lines if line.get_linestyle() == ":"]
    assert upright.get_color() == palette.ALGORITHMS[1]  # GRPO alone falls below its base model
    assert 4 <= upright.get_xdata()[0] <= 8
    texts = [t.get_text().replace("\n", " ") for t in figure.legends[0].get_texts()]
    assert texts == ["PPO, verifier", "GRPO, verifier", many.BASE]


def test_without_many_samples_there_is_no_figure(three: tuple[Cell, ...]) -> None:
    assert many.many(subject_of(three), "text") is None
