"""A cell's number over its finished seeds, with an interval that ends where the quantity does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.measures.over_seeds import over_seeds
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


def test_unfinished_seeds_are_left_out(tmp_path: Path) -> None:
    cell = cells_of(tmp_path, replace(CELLS[2], status={1: "oom"}), seeds=3)[0]
    found = over_seeds(cell, lambda run: float(run.seed))
    assert found is not None
    assert (found.value, found.n) == (1.0, 2)
    assert over_seeds(cell, lambda run: None) is None


def test_limits(tmp_path: Path) -> None:
    cell = cells_of(tmp_path, CELLS[2], seeds=2)[0]
    shares = over_seeds(cell, lambda run: 0.99 + 0.01 * run.seed, most=1.0)
    weighted = over_seeds(cell, lambda run: 1.9 + 0.1 * run.seed, most=1.0)
    assert shares is not None
    assert weighted is not None
    assert shares.high == 1.0
    assert (weighted.high or 0) > 2.0
