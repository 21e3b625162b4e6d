"""Seconds of a step: phases stacked to the whole."""

from __future__ import annotations

from rlvr_bench.reports.figures import step_time, style
from rlvr_bench.reports.load import Cell
from tests.reports.decimals import close


def test_phases_add_up_to_the_step(three: tuple[Cell, ...]) -> None:
    with style.styled():
        figure = step_time.time_by_phase(three, "text")
    assert figure is not None
    bars = figure.axes[0].patches
    # GRPO is the last of three rows: 1 and 1.005 seconds
    close(max(p.get_x() + p.get_width() for p in bars[2::3]), 1.0025)
    assert step_time.time_by_phase((), "text") is None
