"""Lengths and self-checks: a column an algorithm, color by aggregation, line by the place of the KL."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr_bench.reports.figures import palette, style
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.figures.training.lengths import lengths, look_of
from rlvr_bench.reports.load import Cell
from tests.reports.judge import cells_of
from tests.reports.lengths import checking
from tests.reports.synthetic import CELLS


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cell, ...]:
    specs = [
        checking(f"{name}-{i}", aggregation=way, kl=kl, length_wrong_mean=35.0 + i)
        for name in ("ppo", "grpo")
        for i, (way, kl) in enumerate([("token_mean", ""), ("constant", "loss"), ("constant", "reward")])
    ]
    return cells_of(tmp_path_factory.mktemp("lengths"), *specs, CELLS[2], seeds=3, steps=6)


@pytest.mark.parametrize("width", ["text", "column"])
def test_three_quantities_of_each_algorithm(cells: tuple[Cell, ...], width: style.Width) -> None:
    with style.styled():
        figure = lengths(cells, width, cell_looks(cells))
    assert figure is not None
    assert [a.get_title() for a in figure.axes] == ["PPO", "GRPO", "", "", "", ""]
    assert [len(a.lines) for a in figure.axes] == [3] * 6  # not the cell whose task counts no checks
    wrong = figure.axes[2]
    assert [round(float(line.get_ydata()[-1]), 6) for line in wrong.lines] == [35.0, 36.0, 37.0]
    texts = [t.get_text().replace("\n", " ") for t in figure.legends[0].get_texts()]
    assert texts == ["token mean", "constant", "no KL", "KL in the loss", "KL in the reward"]


def test_color_is_the_aggregation_and_line_the_place(cells: tuple[Cell, ...]) -> None:
    found = [look_of(cell) for cell in cells[:3]]
    dark, light = (palette.aggregation_look(way).color for way in ("token_mean", "constant"))
    assert [look.color for look in found] == [dark, light, light]
    assert [look.line for look in found] == list(palette.LINES[:3])
    assert found == [look_of(cell) for cell in cells[3:6]]


def test_without_counted_checks_there_is_no_figure(tmp_path: Path) -> None:
    plain = cells_of(tmp_path, *CELLS)
    assert lengths(plain, "text", cell_looks(plain)) is None
