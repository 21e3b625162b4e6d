"""The first figure: which cells are compared, base lines, equal budgets, and its size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.figures import answer, style
from rlvr_bench.reports.figures.palette import looks_of
from rlvr_bench.reports.figures.subject import Subject
from rlvr_bench.reports.load import Study, load
from tests.reports import core
from tests.reports.figures.subjects import subject_of
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    root = tmp_path_factory.mktemp("core")
    core.write_parts(root, {replace(core.SORT, seeds=(1, 2, 3)): core.CELLS}, steps=10, hypotheses=core.HYPOTHESES)
    core.write_base(root, "sort", [c.name for c in core.CELLS])
    return load(root)


def subject(study: Study) -> Subject:
    part = study.manifest.parts[0]
    return Subject(study=study, part=part, cells=study.cells(part), looks=looks_of(study))


def test_the_first_hypothesis_about_accuracy_names_the_pair(study: Study) -> None:
    pair = answer.primary_pair(subject(study))
    assert pair is not None
    assert [c.name for c in pair] == ["grpo", "ppo"]


def test_without_one_the_pair_differs_by_the_critic_alone(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, *CELLS)
    pair = answer.primary_pair(subject_of(cells))
    assert pair is not None
    assert [c.name for c in pair] == ["ppo", "grpo"]
    assert answer.primary_pair(subject_of(cells[:1])) is None


@pytest.mark.parametrize(("width", "shape"), [("text", (2, 3)), ("column", (3, 2))])
def test_curves_above_differences_below(study: Study, width: style.Width, shape: tuple[int, int]) -> None:
    with style.styled():
        figure = answer.answer(subject(study), width)
    assert figure is not None
    grid = figure.axes[0].get_subplotspec().get_gridspec()
    assert (grid.nrows, grid.ncols) == shape
    assert figure.get_size_inches()[1] <= (2.9 if width == "text" else 4.5)
    labels = {axes.get_xlabel() for axes in figure.axes} - {""}
    time = "training time (s)" if width == "text" else "time (s)"
    assert {time} < labels and len(labels) == 3
    first = figure.axes[0]
    assert len(first.collections) == 2  # bands of the two compared cells alone, of seven
    widths = {line.get_label(): line.get_linewidth() for line in first.lines}
    assert widths["GRPO, reference"] == widths["PPO, verifier"] > widths["GRPO, no reference"]
    assert {0.44, 0.54} <= {float(line.get_ydata()[0]) for line in first.lines}  # greedy, best of five temperatures
    below = figure.axes[3 if width == "text" else 1]
    assert {-2.0, 0.0, 2.0} <= {float(line.get_ydata()[0]) for line in below.lines}  # the margin is 2 points
    texts = [t.get_text().replace("\n", " ") for t in figure.legends[0].get_texts()]
    assert texts[:2] == ["GRPO, reference", "PPO, verifier"]
    assert "GRPO, reference less PPO, verifier" in texts
    named = [t.get_text() for t in first.texts] if width == "text" else texts
    assert {"base, greedy", "base, best sampled"} <= set(named)


def test_two_seeds_are_lines_and_a_budget_without_records_is_left_out(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, *CELLS, seeds=2, steps=10)
    figure = answer.answer(subject_of(cells), "text")
    assert figure is not None
    assert len(figure.axes) == 4  # no FLOPs of whole steps
    assert not any(axes.collections for axes in figure.axes)
    assert len([line for line in figure.axes[0].lines if len(line.get_xdata()) == 3]) == 6


def test_cells_that_make_no_pair_have_curves_alone(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, CELLS[2], replace(CELLS[2], name="again"), steps=10)
    figure = answer.answer(subject_of(cells), "text")
    assert figure is not None
    assert len(figure.axes) == 2


def test_one_cell_compares_nothing_and_without_costs_there_is_no_curve(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, *CELLS, steps=5)
    assert answer.answer(subject_of(cells[:1]), "text") is None
    unknown = [replace(c, more=lambda *_: {"cost/seconds": None, "cost/samples": None}) for c in CELLS]
    assert answer.answer(subject_of(cells_of(tmp_path / "unknown", *unknown)), "text") is None


def test_a_difference_that_ends_early_has_its_own_range_in_the_same_unit(tmp_path: Path) -> None:
    """A third cell takes ten times as long as the two that are compared."""
    slow = replace(CELLS[0], seconds=lambda seed: 20.0)
    cells = cells_of(tmp_path, *CELLS[1:], slow, seeds=3, steps=10)
    figure = answer.answer(subject_of(cells), "text")
    assert figure is not None
    (_, above), (_, below) = figure.axes[:2], figure.axes[2:]
    assert above.get_xlim()[1] > 5 * below.get_xlim()[1]
    assert below.get_xlabel() == "training time (s)"
    together = answer.answer(subject_of(cells[:2]), "text")
    assert together is not None
    assert together.axes[1].get_xlim() == together.axes[3].get_xlim()
