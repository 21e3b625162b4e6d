"""Seeds are paired where both cells finished and have the number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.cells.pairing import Paired, pair
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


def test_pairs_of_seeds(tmp_path: Path) -> None:
    broken = replace(CELLS[1], status={1: "oom"})
    ppo, grpo = cells_of(tmp_path, broken, CELLS[2], seeds=3)
    found = pair(ppo, grpo, lambda run: 10.0 * run.seed + (run.cell == "grpo"))
    assert found is not None
    assert (found.seeds, found.a, found.b) == ((0, 2), (0.0, 20.0), (1.0, 21.0))
    assert found.n == "2 paired seeds"


def test_no_common_seed_is_none(tmp_path: Path) -> None:
    ppo, grpo = cells_of(tmp_path, CELLS[1], CELLS[2])
    assert pair(ppo, grpo, lambda run: None if run.cell == "grpo" else 1.0) is None


def test_the_correlation_of_pairs() -> None:
    seeds = (0, 1, 2)
    # deviations -1 0 1 and -1 1 0: 1 / 2
    close(Paired(seeds, (1.0, 2.0, 3.0), (4.0, 6.0, 5.0)).correlation or 0.0, 0.5)
    assert Paired(seeds, (1.0, 2.0, 3.0), (4.0, 4.0, 4.0)).correlation is None
    assert Paired((0, 1), (1.0, 2.0), (4.0, 5.0)).correlation is None
