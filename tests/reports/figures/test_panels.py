"""Seeds, legends and ranges that the figures over training share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib import pyplot
from matplotlib.colors import to_hex

from rlvr_bench.reports.figures import panels
from rlvr_bench.reports.figures.palette import Look
from rlvr_bench.reports.figures.style import PAGE
from rlvr_bench.reports.load import Cell
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS

LOOK = Look("#123456", "--", "s")
SERIES = [[(0.0, 1.0), (1.0, 3.0), (2.0, 9.0)], [(0.0, 3.0), (1.0, 5.0)], [(0.0, 5.0), (1.0, 4.0)]]


def test_cells_of_one_reward_and_algorithm_keep_their_own_labels(tmp_path: Path) -> None:
    twins = cells_of(tmp_path, CELLS[1], replace(CELLS[1], name="twin", label="PPO again"))
    assert list(panels.short_labels(twins).values()) == ["PPO, verifier", "PPO again"]


def test_where_a_panel_names_the_reward_the_algorithm_is_enough(eight: tuple[Cell, ...]) -> None:
    assert set(panels.short_labels(eight).values()) == {"PPO", "GRPO"}


def test_an_entry_of_several_cells_has_no_style_of_its_own(tmp_path: Path, eight: tuple[Cell, ...]) -> None:
    assert panels.repeated(panels.short_labels(eight)) == ["PPO", "GRPO"]
    twins = cells_of(tmp_path, CELLS[1], replace(CELLS[1], name="twin", label="PPO again"))
    assert panels.repeated(panels.short_labels(twins)) == []


def test_four_cells_are_no_crowd(eight: tuple[Cell, ...]) -> None:
    assert panels.crowded_by_reward(eight[:4]) is None
    assert [len(group) for group in (panels.crowded_by_reward(eight) or {}).values()] == [2] * 4


def test_three_seeds_are_a_mean_and_a_band_as_far_as_all_go() -> None:
    _, axes = pyplot.subplots()
    panels.draw_seeds(axes, SERIES, [True] * 3, LOOK, "cell")
    assert [list(line) for line in axes.lines[0].get_data()] == [[0.0, 1.0], [3.0, 4.0]]
    assert len(axes.lines) == 1
    assert axes.lines[0].get_color() == to_hex(axes.collections[0].get_facecolor()[0]) == LOOK.color
    corners = axes.collections[0].get_paths()[0].vertices
    assert {tuple(point) for point in corners.tolist()} == {(0.0, 1.0), (0.0, 5.0), (1.0, 3.0), (1.0, 5.0)}


def test_two_seeds_are_two_lines_and_no_band() -> None:
    _, axes = pyplot.subplots()
    panels.draw_seeds(axes, SERIES[:2], [True] * 2, LOOK, "cell")
    assert [list(line.get_ydata()) for line in axes.lines] == [[1.0, 3.0, 9.0], [3.0, 5.0]]
    assert not axes.collections
    assert axes.get_legend_handles_labels()[1] == ["cell"]


def test_an_unfinished_seed_is_thin_and_in_no_mean() -> None:
    _, axes = pyplot.subplots()
    panels.draw_seeds(axes, [*SERIES, [(0.0, 50.0)]], [True, True, True, False], LOOK, "cell")
    mean, broken = axes.lines
    assert list(mean.get_ydata()) == [3.0, 4.0]
    assert list(broken.get_ydata()) == [50.0]
    assert broken.get_linewidth() < mean.get_linewidth()
    assert axes.get_legend_handles_labels()[1] == ["cell"]


def test_a_reward_with_a_crowd_of_its_own_gets_no_panel(tmp_path: Path) -> None:
    five = [replace(CELLS[2], name=f"c{i}") for i in range(5)]
    assert panels.crowded_by_reward(cells_of(tmp_path, *five, CELLS[0])) is None


def test_without_a_band_the_mean_is_thin() -> None:
    _, axes = pyplot.subplots()
    panels.draw_seeds(axes, SERIES, [True] * 3, LOOK, "cell", band=False)
    assert not axes.collections
    assert axes.lines[0].get_linewidth() < 1


@pytest.mark.parametrize(
    ("high", "name", "unit", "label", "last"),
    [
        (5200, "samples", "", "samples (10³)", "4"),
        (800, "samples", "", "samples", "800"),
        (9.6e13, "compute", "FLOP", "compute (TFLOP)", "75"),
        (75, "time", "s", "time (s)", "60"),
        (1500, "time", "s", "time (min)", "20"),
        (72000, "time", "s", "time (h)", "20"),
    ],
)
def test_x_is_numbered_in_a_unit_that_reads_well(high: float, name: str, unit: str, label: str, last: str) -> None:
    figure, axes = pyplot.subplots()
    axes.set_xlim(0, high)
    assert panels.scale_x(axes, name, unit) == label
    figure.draw_without_rendering()
    assert [t.get_text() for t in axes.get_xticklabels()][-1] == last


def test_the_unit_can_be_that_of_another_panel() -> None:
    figure, (one, other) = pyplot.subplots(1, 2)
    one.set_xlim(0, 2e12)
    other.set_xlim(0, 6e11)
    assert panels.scale_x(other, "compute", "FLOP", like=one) == "compute (TFLOP)"
    figure.draw_without_rendering()
    assert [t.get_text() for t in other.get_xticklabels()][-1] == "0.4"


def test_long_labels_are_broken_in_a_column() -> None:
    labels = ["PPO, one optimizer step a rollout", "GRPO"]
    assert panels.legend_form(labels, "column") == (["PPO, one optimizer\nstep a rollout", "GRPO"], 2)
    assert panels.legend_form(labels, "text") == (labels, 2)
    assert (
        panels.legend_height(labels, "column") > panels.legend_height(labels, "text") > panels.legend_height([], "text")
    )


@pytest.mark.parametrize(("far", "shared"), [(1.4, True), (8.0, False)])
def test_ranges_are_shared_where_nobody_is_squeezed(far: float, shared: bool) -> None:
    _, axes = pyplot.subplots(2, 2)
    for (row, column), x in {(0, 0): 1.0, (1, 0): 0.9, (0, 1): far}.items():
        axes[row, column].plot([0.0, x], [0.0, 1.0])
    assert panels.common_x(list(axes.T)) is shared
    left, below, right = (axes[at].get_xlim()[1] for at in ((0, 0), (1, 0), (0, 1)))
    assert left == below
    assert bool(left == right) is shared
    assert right > far


def test_one_legend_with_the_last_entries_last() -> None:
    figure, both = pyplot.subplots(1, 2)
    for axes in both:
        axes.plot([0], [0], label="base")
        axes.plot([0], [0], label="cell", linestyle="--", color="#123456")
    panels.legend(figure, list(both), "text", last=["base"], solid=["cell"])
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["cell", "base"]
    first = figure.legends[0].get_lines()[0]
    assert (first.get_linestyle(), first.get_color()) == ("-", "#123456")


def test_a_legend_of_many_cells_makes_its_figure_taller() -> None:
    for count in (4, 40):
        labels = [f"cell {i}, its name is long" for i in range(count)]
        needed = panels.legend_height(labels, "column")
        figure, axes = pyplot.subplots(figsize=(3.25, 4.5))
        for label in labels:
            axes.plot([0, 1], label=label)
        panels.legend(figure, [axes], "column")
        assert (needed > 4.5 / 2) is (count == 40)
        assert figure.get_size_inches()[1] == pytest.approx(min(PAGE, 4.5 + needed) if count == 40 else 4.5)
        pyplot.close(figure)
