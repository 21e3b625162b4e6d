"""Looks, legends and lines that the figures over training share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from matplotlib import pyplot

from rlvr_bench.reports.figures import panels
from rlvr_bench.reports.figures.style import look
from rlvr_bench.reports.load import Cell
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


def test_cells_of_one_reward_and_algorithm_keep_their_own_looks(tmp_path: Path) -> None:
    twins = cells_of(tmp_path, CELLS[1], replace(CELLS[1], name="twin", label="PPO again"))
    assert [label for _, label in panels.looks(twins).values()] == ["PPO, verifier", "PPO again"]


def test_an_algorithm_keeps_its_color_over_the_rewards(eight: tuple[Cell, ...]) -> None:
    found = panels.looks(eight)
    assert found["ppo-verifier"] == found["ppo-random"] == (look(0), "PPO")
    assert found["grpo-few"] == (look(1), "GRPO")


def test_four_cells_are_no_crowd(eight: tuple[Cell, ...]) -> None:
    assert panels.crowded_by_reward(eight[:4]) is None
    assert [len(group) for group in (panels.crowded_by_reward(eight) or {}).values()] == [2] * 4


def test_the_mean_goes_as_far_as_every_seed() -> None:
    _, axes = pyplot.subplots()
    panels.mean_line(axes, [[(0, 1.0), (1, 3.0), (2, 9.0)], [(0, 3.0), (1, 5.0)]], look(0), "mean", band=True)
    assert [list(line) for line in axes.lines[0].get_data()] == [[0.0, 1.0], [2.0, 4.0]]


def test_an_unfinished_seed_is_thin_and_not_in_the_mean() -> None:
    _, axes = pyplot.subplots()
    panels.mean_and_seeds(axes, [[(0, 1.0)], [(0, 5.0)]], [True, False], look(0), "cell")
    assert len(axes.lines) == 3
    assert list(axes.lines[-1].get_ydata()) == [1.0]


def test_one_legend_with_the_last_entries_last() -> None:
    figure, both = pyplot.subplots(1, 2)
    for axes in both:
        axes.plot([0], [0], label="base")
        axes.plot([0], [0], label="cell")
    panels.legend(figure, list(both), "text", last=["base"])
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["cell", "base"]
