"""True reward and proxy: the grid, the base model, and where there is no proxy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.figures import style
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.figures.training import rewards
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.stats import best_of_n_distance
from tests.reports.decimals import close
from tests.reports.hacking import BASE
from tests.reports.proxies import BASE as BASE_RATE
from tests.reports.proxies import NS, spec, study


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


def test_proxies_of_many_cells_take_several_pages(tmp_path: Path) -> None:
    many = [replace(spec(f"{n} labels", "grpo", 0.3, 0.2), reward={"label_pairs": n}) for n in range(1, 11)]
    cells = study(tmp_path, *many, seeds=1)
    with style.styled():
        pages = [rewards.proxy_and_true(cells, "column", cell_looks(cells), page=page) for page in range(3)]
    assert pages[0] is not None and pages[1] is not None and pages[2] is None
    shown = [a.get_title() for page in pages[:2] if page for a in page.axes if a.get_visible()]
    assert shown == [c.label for c in cells]


def test_many_rewards_take_several_pages(tmp_path: Path) -> None:
    """Seven numbers of labels: five on the first page, two on the second, and no third."""
    many = [replace(spec(f"{n} labels", "grpo", 0.3, 0.2), reward={"label_pairs": n}) for n in range(1, 8)]
    cells = study(tmp_path, *many, seeds=1)
    with style.styled():
        pages = [rewards.overoptimization(cells, "text", cell_looks(cells), page=page) for page in range(3)]
    assert pages[0] is not None and pages[1] is not None and pages[2] is None
    assert [len([a for a in page.axes if a.get_title()]) for page in pages[:2] if page] == [5, 2]


def test_the_best_of_n_stands_in_the_same_panels(tmp_path: Path) -> None:
    """At its analytic distance, the mean over reward models, which two algorithms share here."""
    first, second = spec("one", "grpo", 0.3, 0.2, best=0.1), spec("other", "ppo", 0.3, 0.2, best=0.3)
    cells = study(tmp_path, first, second, seeds=1)
    with style.styled():
        figure = rewards.overoptimization(cells, "text", cell_looks(cells))
    assert figure is not None
    (true, proxy) = ([line for line in axes.lines if line.get_label() == "best of n"] for axes in figure.axes)
    close(true[0].get_xdata(), [best_of_n_distance(n) for n in NS])
    close(true[0].get_ydata(), [BASE_RATE + 0.2 * best_of_n_distance(n) for n in NS])
    close(proxy[0].get_ydata(), [0.1 * n for n in NS])
    assert "Crosses: the best of n" in rewards.crosses(cells)


def test_without_the_best_of_n_there_are_no_crosses(eight: tuple[Cell, ...]) -> None:
    with style.styled():
        figure = rewards.overoptimization(eight, "text", cell_looks(eight))
    assert figure is not None and rewards.crosses(eight) == ""
    assert not [line for axes in figure.axes for line in axes.lines if line.get_label() == "best of n"]
