"""The curve of savings: a panel for each length, lines for each micro-batch, arithmetic beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.figures import palette, style
from rlvr_bench.reports.figures.costs import memory, memory_curve, step_time
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.load import Cell, load
from tests.reports import core


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cell, ...]:
    part = replace(core.CURVE, seeds=(1, 2))
    study = load(core.write_parts(tmp_path_factory.mktemp("curve"), {part: core.sizes()}))
    return study.cells(study.manifest.parts[0])


@pytest.mark.parametrize("width", ["text", "column"])
def test_a_panel_for_each_length_and_a_line_for_each_micro_batch(cells: tuple[Cell, ...], width: style.Width) -> None:
    with style.styled():
        figure = memory_curve.memory_curve(cells, width, cell_looks(cells))
    assert figure is not None
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == (
        ["completions of 32 tokens", "completions of 128 tokens"] if width == "text" else ["32 tokens", "128 tokens"]
    )
    axes = figure.axes[0]
    assert axes.get_xscale() == "log"
    lines = {str(line.get_label()).replace("\n", " "): line for line in axes.lines if len(line.get_xdata()) == 3}
    assert set(lines) == {
        "at most 512 tokens at once", "at most 4096 tokens at once", memory_curve.STATES, memory_curve.PREDICTED
    }  # fmt: skip
    assert [round(float(y), 6) for y in lines[memory_curve.STATES].get_ydata()] == [round(100 * (1 - 20 / 36), 6)] * 3
    whiskers = [line for line in axes.lines if len(line.get_xdata()) == 2]
    assert len(whiskers) == 2 * 3
    assert not {str(line.get_color()) for line in axes.lines} & set(palette.ALGORITHMS[:6])


def test_such_a_part_has_no_bars_and_another_part_no_curve(cells: tuple[Cell, ...], three: tuple[Cell, ...]) -> None:
    assert memory.memory(cells, "text", cell_looks(cells)) is None
    assert step_time.time_by_phase(cells, "text", cell_looks(cells)) is None
    assert memory_curve.memory_curve(three, "text", cell_looks(three)) is None


def test_one_seed_has_no_whisker(tmp_path: Path) -> None:
    study = load(core.write_parts(tmp_path, {replace(core.CURVE, seeds=(1,)): core.sizes(((128, 4), (256, 6)))}))
    cells = study.cells(study.manifest.parts[0])
    figure = memory_curve.memory_curve(cells, "text", cell_looks(cells))
    assert figure is not None
    assert not [line for line in figure.axes[0].lines if len(set(line.get_xdata())) == 1]
