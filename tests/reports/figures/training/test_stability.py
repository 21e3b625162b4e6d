"""The figure of stability shows what was recorded and says what never changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.figures import style
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.figures.training import critic, stability
from rlvr_bench.reports.load import Cell
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


def test_eight_cells_get_a_column_for_each_reward(eight: tuple[Cell, ...]) -> None:
    with style.styled():
        figure = stability.stability(eight, "column", cell_looks(eight))
    assert figure is not None
    assert len(figure.axes) % 4 == 0


def test_three_cells_share_each_panel(three: tuple[Cell, ...]) -> None:
    with style.styled():
        figure = stability.stability(three, "text", cell_looks(three))
    assert figure is not None
    # .2 of the groups are silent at every step
    varying = [title for title in stability.STABILITY.values() if not title.startswith("groups")]
    assert [a.get_title().replace(", log)", ")") for a in figure.axes if a.get_visible()] == varying
    assert stability.stability((), "text", {}) is None


def test_what_never_changed_is_said(tmp_path: Path, three: tuple[Cell, ...]) -> None:
    assert stability.left_out(three) == (
        "Constant in every run, and therefore left out: groups without a signal (0.2)."
    )
    lively = replace(CELLS[1], more=lambda seed, step, done: {"rollout/zero_std_groups": done})
    assert stability.left_out(cells_of(tmp_path, lively, steps=4)) == ""


def test_nothing_is_on_two_figures() -> None:
    assert not stability.STABILITY.keys() & critic.CRITIC.keys()
