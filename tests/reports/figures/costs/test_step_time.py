"""Seconds of a step: phases stacked, and the whole as the tables have it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.figures import style
from rlvr_bench.reports.figures.costs import step_time
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.load import Cell
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


def test_phases_add_up_to_the_step(three: tuple[Cell, ...]) -> None:
    with style.styled():
        figure = step_time.time_by_phase(three, "text", cell_looks(three))
    assert figure is not None
    bars = figure.axes[0].patches
    # GRPO is the last of three rows: 1 and 1.005 seconds
    close(max(p.get_x() + p.get_width() for p in bars[2::3]), 1.0025)
    assert step_time.time_by_phase((), "text", {}) is None


def test_a_slow_step_moves_neither_the_bars_nor_the_mark(tmp_path: Path) -> None:
    """Medians, as in the tables: a mean over the nine timed steps would be (8 + 100) / 9 = 12 seconds."""
    slow = {"cost/seconds": 100.0, "cost/seconds/rollout": 100.0}
    usual = {"cost/seconds": 1.0, "cost/seconds/rollout": 0.75}
    cell = replace(CELLS[2], more=lambda seed, step, done: slow if step == 5 else usual)
    cells = cells_of(tmp_path, cell, steps=10)
    figure = step_time.time_by_phase(cells, "column", cell_looks(cells))
    assert figure is not None
    axes = figure.axes[0]
    close(axes.patches[0].get_width(), 0.75)
    assert [line.get_xdata()[0] for line in axes.lines] == [1.0, 1.0]  # the whisker, the mark
