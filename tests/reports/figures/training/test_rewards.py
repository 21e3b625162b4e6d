"""True reward and proxy: the grid, the base model, and where there is no proxy."""

from __future__ import annotations

import pytest

from rlvr_bench.reports.figures import style
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.figures.training import rewards
from rlvr_bench.reports.load import Cell
from tests.reports.hacking import BASE


@pytest.mark.parametrize(("width", "shape"), [("text", (2, 4)), ("column", (4, 2))])
def test_overoptimization(eight: tuple[Cell, ...], width: style.Width, shape: tuple[int, int]) -> None:
    with style.styled():
        figure = rewards.overoptimization(eight, width, cell_looks(eight))
    assert figure is not None
    axes = figure.axes
    grid = axes[0].get_subplotspec().get_gridspec()
    assert (grid.nrows, grid.ncols) == shape
    assert sum(t.get_text() == "no proxy" for a in axes for t in a.texts) == 2
    titles = [a.get_title(loc="left" if width == "column" else "center") for a in axes]
    assert [t for t in titles if t] == [
        "verifier",
        "reward model, 8000 pairs",
        "reward model, 100 pairs",
        "random reward",
    ]
    true = axes[0]
    assert BASE in [line.get_ydata()[0] for line in true.lines if line.get_linestyle() == ":"]
    # two algorithms of two seeds each, which are too few for a band, the base model, the start
    assert len(true.lines) == 2 * 2 + 2
    last_true = axes[3] if width == "text" else axes[6]
    assert true.get_shared_y_axes().joined(true, last_true)
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["PPO", "GRPO", "base model", "start"]


def test_proxy_has_a_panel_a_cell_that_recorded_it(eight: tuple[Cell, ...]) -> None:
    with style.styled():
        figure = rewards.proxy_and_true(eight, "text", cell_looks(eight))
    assert figure is not None
    assert [a.get_title() for a in figure.axes if a.get_visible()] == [c.label for c in eight[2:6]]
    assert rewards.proxy_and_true(eight[:2], "text", cell_looks(eight)) is None
