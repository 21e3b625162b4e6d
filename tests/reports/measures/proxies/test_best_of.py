"""The best of n as the summaries have it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.measures.proxies.best_of import best_of, best_of_runs
from rlvr_bench.reports.stats import best_of_n_distance
from tests.reports.decimals import close
from tests.reports.proxies import BASE, NS, spec, study


def test_points_by_distance(tmp_path: Path) -> None:
    (cell,) = study(tmp_path, spec("few", "grpo", 0.3, 0.2, best=0.1), seeds=1)
    points = best_of(cell.runs[0])
    close([d for d, _ in points], [best_of_n_distance(n) for n in NS], places=9)
    close([y for _, y in points], [BASE + 0.1 * best_of_n_distance(n) for n in NS], places=9)
    close([y for _, y in best_of(cell.runs[0], "proxy")], [0.1 * n for n in NS], places=9)


def test_a_reward_model_that_several_cells_share_is_one(tmp_path: Path) -> None:
    ppo, grpo, other = (spec("few", "ppo", 0.3, 0.2), spec("few", "grpo", 0.3, 0.2), spec("many", "grpo", 0.3, 0.2))
    cells = study(tmp_path, replace(ppo, name="a"), replace(grpo, name="b"), other, seeds=2)
    assert [run.cell for run in best_of_runs(cells)] == ["a", "many"]


def test_where_it_was_not_measured(tmp_path: Path) -> None:
    (cell,) = study(tmp_path, replace(spec("few", "grpo", 0.3, 0.2), facts={"pairs": 100}), seeds=1)
    assert best_of(cell.runs[0]) == [] and best_of_runs([cell]) == []
