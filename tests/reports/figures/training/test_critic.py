"""Whether PPO is PPO: the panels, the end of the warm-up, the cut axis, and what is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.figures import style
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.figures.training import critic
from rlvr_bench.reports.load import Cell
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


@pytest.mark.parametrize("width", ["text", "column"])
def test_three_panels_with_a_line_at_zero(three: tuple[Cell, ...], width: style.Width) -> None:
    with style.styled():
        figure = critic.critic(three, width, cell_looks(three))
    assert figure is not None
    titles = [a.get_title().replace("\n", " ").split(" (")[0] for a in figure.axes if a.get_visible()]
    assert titles == ["explained variance of the critic", "clip fraction", "KL to the old policy"]
    assert [0, 0] in [list(line.get_ydata()) for line in figure.axes[0].lines]


def test_the_end_of_the_warm_up_is_marked_and_a_bad_start_is_cut_off(tmp_path: Path) -> None:
    cell = replace(
        CELLS[1],
        settings={"train": {"critic_warmup_steps": 3}},
        more=lambda seed, step, done: {"train/explained_variance": 0.5 - 30 * (step == 1)},
    )
    cells = cells_of(tmp_path, cell, steps=8)
    figure = critic.critic(cells, "text", cell_looks(cells))
    assert figure is not None
    assert [3, 3] in [list(line.get_xdata()) for line in figure.axes[0].lines]
    assert figure.axes[0].get_ylim()[0] == -1


def test_numbers_stand_in_the_remark(tmp_path: Path) -> None:
    one = {"train/explained_variance": 0.25, "train/clip_fraction": 0.0, "train/approx_kl": 0.0}
    cells = cells_of(tmp_path, replace(CELLS[1], more=lambda *_: one), steps=8)
    assert critic.remark(cells) == (
        "PPO, verifier: explained variance 0.250 (n = 1, no interval) at the end, above 0 in 100.0 % of the steps "
        "after the critic's warm-up, clip fraction 0, KL 0 nats/token a step. Constant in every run, and therefore "
        "left out: explained variance of the critic (0.25), clip fraction (0), KL to the old policy (0)."
    )
    assert critic.critic(cells, "text", cell_looks(cells)) is None
