"""Learning curves: what is shown, one panel for few cells, one a reward for many."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.figures import style
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.figures.training import learning
from rlvr_bench.reports.load import Cell
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


def test_eight_cells_get_a_panel_for_each_reward(eight: tuple[Cell, ...]) -> None:
    with style.styled():
        curves = learning.learning_curves(eight, "text", cell_looks(eight))
    assert curves is not None
    assert len(curves.axes) == 2 * 4
    assert [t.get_text() for t in curves.legends[0].get_texts()] == ["PPO", "GRPO"]


def test_three_cells_share_a_panel(three: tuple[Cell, ...]) -> None:
    with style.styled():
        curves = learning.learning_curves(three, "column", cell_looks(three))
    assert curves is not None
    titles = [a.get_title() for a in curves.axes if a.get_visible()]
    assert titles == ["pass@1, held out\n(share)", "greedy, held out\n(share)"]
    assert [t.get_text() for t in curves.legends[0].get_texts()] == [c.label for c in three]


def test_the_largest_k_that_all_have_and_step_0_are_shown(tmp_path: Path) -> None:
    both = replace(CELLS[2], more=lambda *_: {"eval/pass@2": 0.5, "eval/pass@8": 0.75})
    one = replace(CELLS[1], more=lambda seed, step, done: {"eval/pass@2": 0.5 + done, "eval/greedy": 0.9})
    cells = cells_of(tmp_path, both, one, steps=5)
    assert list(learning.quantities(cells)) == ["eval/pass@1", "eval/greedy", "eval/pass@2"]
    assert list(learning.quantities(cells[:1]))[-1] == "eval/pass@8"
    figure = learning.learning_curves(cells, "text", cell_looks(cells))
    assert figure is not None
    assert [float(x) for x in figure.axes[0].lines[0].get_xdata()] == [0, 5]


def test_what_never_changed_is_left_out_and_said(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, replace(CELLS[2], more=lambda *_: {"eval/greedy": 0.5}), steps=5)
    figure = learning.learning_curves(cells, "text", cell_looks(cells))
    assert figure is not None
    assert [a.get_title() for a in figure.axes if a.get_visible()] == ["pass@1, held out\n(share)"]
    assert learning.left_out(cells) == ("Constant in every run, and therefore left out: greedy, held out (0.5).")
    assert learning.learning_curves((), "text", {}) is None
