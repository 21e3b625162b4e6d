"""The figure of survival: a step curve for each cell or search that counts who collapsed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.figures import palette, style
from rlvr_bench.reports.figures.palette import cell_looks
from rlvr_bench.reports.figures.training import survival
from rlvr_bench.reports.load import Cell, load
from tests.reports import core
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


@pytest.mark.parametrize("width", ["text", "column"])
def test_a_curve_for_each_cell(tmp_path: Path, width: style.Width) -> None:
    broken = replace(
        CELLS[1], more=lambda seed, step, done: {"rollout/truncated_fraction": 0.9} if step > 2 and seed == 0 else {}
    )
    cells = cells_of(tmp_path, broken, CELLS[2], seeds=4, steps=8)
    with style.styled():
        figure = survival.of_runs(cells, width, cell_looks(cells))
    assert figure is not None
    ppo, grpo = figure.axes[0].lines
    assert [ppo.get_color(), grpo.get_color()] == list(palette.ALGORITHMS[:2])
    assert ppo.get_marker() != grpo.get_marker()
    close(list(ppo.get_xdata()), [0, 3, 8, 8])
    close(list(ppo.get_ydata()), [1, 0.75, 0.75, 0.75])
    assert set(grpo.get_ydata()) == {1.0}
    texts = [t.get_text().replace("\n", " ") for t in figure.legends[0].get_texts()]
    assert texts == ["PPO, verifier (1 of 4)", "GRPO, verifier (0 of 4)"]


def test_a_curve_for_each_search(tmp_path: Path) -> None:
    def breaks(seed: int, step: int, done: float) -> dict[str, float]:
        return {"rollout/truncated_fraction": 0.9} if step > 1 else {}

    specs = [replace(s, more=breaks if i < 2 else None) for i, s in enumerate(core.trials("ppo", 4))]
    study = load(
        core.write_parts(tmp_path, {replace(core.SEARCH, seeds=(1,)): (*specs, *core.trials("grpo", 3))}, steps=5)
    )
    cells = study.cells(study.manifest.parts[0])
    figure = survival.of_trials(cells, "text", cell_looks(cells))
    assert figure is not None
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["PPO (2 of 4)", "GRPO (0 of 3)"]


def test_where_none_collapsed_there_is_no_figure(three: tuple[Cell, ...]) -> None:
    assert survival.of_runs(three, "text", cell_looks(three)) is None
    assert survival.of_trials(three, "text", cell_looks(three)) is None
