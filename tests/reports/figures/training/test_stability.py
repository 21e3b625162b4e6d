"""Small multiples show what was recorded, by reward where there are many cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.figures import style
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.figures.training import stability
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


def test_what_never_changed_is_left_out_and_said(tmp_path: Path) -> None:
    still = replace(CELLS[2], more=lambda *_: {"train/clip_fraction": 0.25, "train/approx_kl": 1e-7})
    cells = cells_of(tmp_path, still, seeds=2, steps=4)
    figure = stability.stability(cells, "text", cell_looks(cells))
    assert figure is not None
    titles = [a.get_title().split("\n")[0] for a in figure.axes if a.get_visible()]
    # 20 % of the groups are silent at every step of every run, and there is no critic
    assert titles == ["KL to the reference", "entropy", "actor's gradient norm", "completion length"]
    assert stability.left_out(cells) == (
        "Constant in every run, and therefore left out: KL to the old policy (1e-07), clip fraction (0.25), "
        "groups without a signal (0.2)."
    )


def test_where_everything_changes_nothing_is_said(tmp_path: Path) -> None:
    lively = replace(CELLS[1], more=lambda seed, step, done: {"rollout/zero_std_groups": done})
    assert stability.left_out(cells_of(tmp_path, lively, steps=4)) == ""


def test_outliers_make_a_scale_logarithmic(tmp_path: Path) -> None:
    wild = replace(CELLS[2], more=lambda seed, step, done: {"train/grad_norm": 500.0 if step == 3 else 1.0 + done})
    cells = cells_of(tmp_path, wild, steps=8)
    figure = stability.stability(cells, "text", cell_looks(cells))
    assert figure is not None
    scales = {a.get_title().split("\n")[0]: a.get_yscale() for a in figure.axes if a.get_visible()}
    assert scales["actor's gradient norm"] == "log"
    assert scales["entropy"] == "linear"
