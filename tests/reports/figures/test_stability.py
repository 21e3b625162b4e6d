"""Small multiples show what was recorded, by reward where there are many cells."""

from __future__ import annotations

from rlvr_bench.reports.figures import stability, style
from rlvr_bench.reports.load import Cell


def test_eight_cells_get_a_column_for_each_reward(eight: tuple[Cell, ...]) -> None:
    with style.styled():
        figure = stability.stability(eight, "column")
    assert figure is not None
    assert len(figure.axes) % 4 == 0


def test_three_cells_share_each_panel(three: tuple[Cell, ...]) -> None:
    with style.styled():
        figure = stability.stability(three, "text")
    assert figure is not None
    assert [a.get_title() for a in figure.axes if a.get_visible()] == list(stability.STABILITY.values())
    assert stability.stability((), "text") is None
