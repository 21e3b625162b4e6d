"""Learning curves: one panel for few cells, one a reward for many, against what was spent."""

from __future__ import annotations

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
    assert len(curves.axes) == 3 * 4
    assert [t.get_text() for t in curves.legends[0].get_texts()] == ["PPO", "GRPO"]


def test_three_cells_share_a_panel(three: tuple[Cell, ...]) -> None:
    with style.styled():
        curves = learning.learning_curves(three, "column", cell_looks(three))
    assert curves is not None
    assert [a.get_xlabel() for a in curves.axes] == ["training steps", "completion tokens", "training time (s)"]
    assert [t.get_text() for t in curves.legends[0].get_texts()] == [c.label for c in three]


def test_the_score_is_shown_against_what_was_spent_before_it(tmp_path: Path) -> None:
    cell = cells_of(tmp_path, CELLS[2], steps=5)[0]
    points = learning.score_against(cell.runs[0], "cost/tokens")
    assert [x for x, _ in points] == [0.0, 5 * 3200.0]
