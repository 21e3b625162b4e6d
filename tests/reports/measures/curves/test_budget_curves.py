"""Curves over a budget: read at equal amounts, with Student's interval over seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.budget_curves import difference_curve, mean_curve
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS, Spec


def rising(name: str, slope: float, seconds: float, by_seed: float = 0.0, **more: object) -> Spec:
    """pass@1 = (slope + seed * by_seed) * step after each of four steps of so many seconds."""

    def metrics(seed: int, step: int, done: float) -> Mapping[str, float | None]:
        row: dict[str, float | None] = {"eval/pass@1": (slope + seed * by_seed) * step, "eval/greedy": 0.0}
        return row | ({"cost/seconds": seconds} if step else {})

    return replace(CELLS[2], name=name, label=name, more=metrics, **more)  # type: ignore[arg-type]


def study(folder: Path, *specs: Spec, seeds: int = 3) -> tuple[Cell, ...]:
    return cells_of(folder, *specs, seeds=seeds, steps=4)


def test_mean_and_students_interval_of_three_seeds(tmp_path: Path) -> None:
    (cell,) = study(tmp_path, rising("a", 0.1, 2.0, 0.01))
    band = mean_curve(cell, "seconds")
    assert band is not None
    close(band.amounts, [0, 2, 4, 6, 8])
    close(band.mean, [0, 0.11, 0.22, 0.33, 0.44])
    # .1, .11 and .12 after one step: standard deviation .01, t(.975; 2) = 4.302653, so 4.302653 * .01 / sqrt(3)
    assert band.low is not None and band.high is not None
    close([band.low[1], band.high[1]], [0.11 - 0.0248414, 0.11 + 0.0248414], places=6)


def test_the_difference_is_at_equal_budget_not_at_equal_steps(tmp_path: Path) -> None:
    """A gains .1 and B .15 a step of 2 and of 4 seconds: after 4 seconds A is at .2, B at .15."""
    a, b = study(tmp_path, rising("a", 0.1, 2.0), rising("b", 0.15, 4.0))
    band = difference_curve(a, b, "seconds")
    assert band is not None
    found = dict(zip(band.amounts.tolist(), band.mean.tolist(), strict=True))
    assert set(found) == {0, 2, 4, 6, 8}  # until A's end; B goes on to 16
    close([found[2.0], found[4.0], found[8.0]], [0.025, 0.05, 0.1])
    in_samples = difference_curve(a, b, "samples")
    assert in_samples is not None
    close(in_samples.mean, [0, -0.05, -0.1, -0.15, -0.2])


def test_one_seed_has_no_interval_and_no_budget_no_curve(tmp_path: Path) -> None:
    (cell,) = study(tmp_path, rising("a", 0.1, 2.0), seeds=1)
    band = mean_curve(cell, "seconds")
    assert band is not None
    assert (band.low, band.high) == (None, None)
    assert mean_curve(cell, "flops") is None  # not recorded
    assert difference_curve(cell, cell, "flops") is None


def test_a_run_that_diverged_scores_zero_from_there_on(tmp_path: Path) -> None:
    """Seed 1 breaks after two of four steps; the curve of the others does not end there."""
    (cell,) = study(tmp_path, rising("a", 0.1, 2.0, status={1: "diverged"}))
    band = mean_curve(cell, "seconds")
    assert band is not None
    close(band.amounts, [0, 2, 4, 6, 8])
    close(band.seeds[1], [0, 0.1, 0.2, 0, 0])


def test_an_unfinished_run_is_left_out(tmp_path: Path) -> None:
    (cell,) = study(tmp_path, rising("a", 0.1, 2.0, status={0: "oom"}))
    band = mean_curve(cell, "samples")
    assert band is not None
    assert band.seeds.shape == (2, 5)
