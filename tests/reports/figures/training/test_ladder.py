"""The figure of baselines: rungs as rows, steps as shades, and the panel of EVPO's claim."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.figures import palette, style
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.figures.training import ladder
from rlvr_bench.reports.load import Cell
from tests.reports import core
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cell, ...]:
    root = tmp_path_factory.mktemp("ladder")
    without = replace(CELLS[2], ladder=lambda seed: [_without_critic(row) for row in core.ladder(seed)])
    return cells_of(root, without, replace(CELLS[1], ladder=core.ladder), seeds=3)


def _without_critic(row: dict) -> dict:
    return {**row, "explained_variance": None, "rungs": {n: v for n, v in row["rungs"].items() if n != "critic"}}


@pytest.mark.parametrize("width", ["text", "column"])
def test_a_row_a_rung_and_a_mark_a_step(cells: tuple[Cell, ...], width: style.Width) -> None:
    with style.styled():
        figure = ladder.ladder(cells, width, cell_looks(cells))
    assert figure is not None
    variances, _, claim = figure.axes
    assert [t.get_text() for t in variances.get_yticklabels()] == list(core.RUNGS)
    marks = [line for line in variances.lines if line.get_marker() in "^oDs"]
    assert len(marks) == 3 * len(core.RUNGS)
    assert [line.get_markeredgecolor() for line in marks] == ["black"] * len(marks)
    assert variances.get_xscale() == "log"
    points = [line for line in claim.lines if line.get_color() == palette.ALGORITHMS[0]]
    assert len(points) == 3 * 3  # seeds x steps, of PPO alone
    assert {t.get_text() for t in claim.texts} == {
        "explains some,\nless variance", "explains nothing,\nmore variance", "against EVPO"
    }  # fmt: skip
    texts = [t.get_text() for t in figure.legends[0].get_texts()]
    assert texts == ["step 0", "step 20", "step 40", "PPO, verifier"]


def test_the_cell_with_a_critic_is_shown_and_named(cells: tuple[Cell, ...]) -> None:
    shown = ladder.shown_cell(cells)
    assert shown is not None
    assert shown.name == "ppo"
    assert ladder.remark(cells).startswith("Policies of: PPO, verifier, 3 seeds. ")
    assert ladder.remark(cells).endswith("of 9 points agree with EVPO's claim.")


def test_without_a_critic_there_is_no_claim_and_without_a_ladder_no_figure(
    cells: tuple[Cell, ...], three: tuple[Cell, ...]
) -> None:
    figure = ladder.ladder(cells[:1], "text", cell_looks(cells))
    assert figure is not None
    assert len(figure.axes) == 2
    assert ladder.ladder(three, "text", cell_looks(three)) is None
    assert ladder.remark(three) == ""


def test_a_critic_far_below_zero_stands_at_the_edge(tmp_path: Path) -> None:
    def bad(seed: int) -> list[dict]:
        return [{**core.ladder(seed)[0], "explained_variance": -7.0}]

    cells = cells_of(tmp_path, replace(CELLS[1], ladder=bad))
    figure = ladder.ladder(cells, "text", cell_looks(cells))
    assert figure is not None
    (point,) = [line for line in figure.axes[2].lines if line.get_marker() == "<"]
    assert [float(x) for x in point.get_xdata()] == [-1.0]


def test_of_many_steps_the_first_and_the_last_are_shown(tmp_path: Path) -> None:
    rows = [{**core.ladder(0)[0], "step": step} for step in range(0, 70, 10)]
    (cell,) = cells_of(tmp_path, replace(CELLS[1], ladder=lambda seed: rows))
    assert ladder.shown_steps(ladder.rungs(cell)) == [0, 20, 40, 60]
