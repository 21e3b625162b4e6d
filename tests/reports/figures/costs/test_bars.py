"""Bars: stacked from the left, the first cell on top."""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot

from rlvr_bench.reports.figures.costs.bars import contrast, finish_bars, in_words, stack_bars
from rlvr_bench.reports.figures.palette import Look
from rlvr_bench.reports.load import Cell


def test_bars_begin_where_the_last_ended(three: tuple[Cell, ...]) -> None:
    figure, axes = pyplot.subplots()
    stack_bars(axes, np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.0, 1.0]), Look("#000000"), "actor")
    finish_bars(figure, axes, three, "MiB")
    assert [(p.get_x(), p.get_width()) for p in axes.patches] == [(0.5, 1.0), (0.0, 2.0), (1.0, 3.0)]
    assert axes.get_ylim() == (2.5, -0.5)
    assert [t.get_text() for t in axes.get_yticklabels()][2] == "GRPO, verifier"
    assert axes.get_xlabel() == "MiB"


def test_bars_of_nothing_have_an_axis(three: tuple[Cell, ...]) -> None:
    for values in (np.zeros(3), np.array([-1.0, -2.0, 0.0])):
        figure, axes = pyplot.subplots()
        stack_bars(axes, values, np.zeros(3), Look("#000000"), "actor")
        finish_bars(figure, axes, three, "MiB")
        low, high = axes.get_xlim()
        assert low == 0 < high


def test_phases_in_words() -> None:
    assert in_words("update_actor") == "update actor"


def test_tight_names_stay_on_one_line(eight: tuple[Cell, ...]) -> None:
    for tight in (False, True):
        figure, axes = pyplot.subplots()
        stack_bars(axes, np.ones(8), np.zeros(8), Look("#000000"), "actor")
        finish_bars(figure, axes, eight, "MiB", tight=tight)
        assert any("\n" in t.get_text() for t in axes.get_yticklabels()) is not tight


def test_hatches_are_seen_on_dark_and_on_light() -> None:
    assert contrast("#000000") == "white"
    assert contrast("#FFFFFF") == "#4D4D4D"
