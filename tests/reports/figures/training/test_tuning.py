"""The figure of searches: a curve and a band for each, and its trials against their learning rates."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rlvr_bench.reports.figures import palette, style
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.figures.training import tuning
from rlvr_bench.reports.load import Cell, load
from tests.reports import core


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cell, ...]:
    specs = (*core.trials("ppo", 6), *core.trials("grpo", 4))
    part = replace(core.SEARCH, seeds=(1,))
    study = load(core.write_parts(tmp_path_factory.mktemp("search"), {part: specs}, steps=5))
    return study.cells(study.manifest.parts[0])


@pytest.mark.parametrize("width", ["text", "column"])
def test_a_curve_for_each_search_and_a_mark_for_each_trial(cells: tuple[Cell, ...], width: style.Width) -> None:
    with style.styled():
        figure = tuning.tuning(cells, width, cell_looks(cells))
    assert figure is not None
    expected, strip = figure.axes
    assert [len(line.get_xdata()) for line in expected.lines] == [6, 4]
    assert [line.get_color() for line in expected.lines] == list(palette.ALGORITHMS[:2])
    assert len(expected.collections) == 2
    assert len(strip.lines) == 10
    assert sum(line.get_markeredgecolor() == "black" for line in strip.lines) == 2
    assert strip.get_xscale() == "log"
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["PPO (6 trials)", "GRPO (4 trials)"]


def test_where_no_learning_rate_was_drawn_there_is_one_panel(cells: tuple[Cell, ...], three: tuple[Cell, ...]) -> None:
    one = tuning.tuning(cells[:1], "text", cell_looks(cells))
    assert one is not None
    assert len(one.axes) == 1
    assert tuning.tuning(three, "text", cell_looks(three)) is None  # no searches
