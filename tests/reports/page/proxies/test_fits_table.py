"""The table of fits, and its CSV with every reward model's own."""

from __future__ import annotations

import csv
from pathlib import Path

from rlvr_bench.reports.page.proxies.fits_table import fits_csv, fits_table
from tests.reports.proxies import spec, study
from tests.reports.synthetic import LEARNING


def test_one_row_a_cell_and_one_line_a_reward_model(tmp_path: Path) -> None:
    cells = study(tmp_path, spec("few", "grpo", 0.3, 0.2), spec("worse", "ppo", 0.3, 0.2, late=0.2))
    table = fits_table(LEARNING, cells)
    assert [row[:2] for row in table.rows] == [
        ("GRPO, few", "3"),
        ("PPO, worse", "3"),
        ("best of n, reward model, 512 pairs", "2"),
    ]
    assert table.rows[0][2].startswith("0.31") and "[" in table.rows[0][2]
    assert table.rows[1][6].startswith("0.2") or table.rows[1][6].startswith("0.19")  # bias: what did not come
    lines = list(csv.DictReader(fits_csv(LEARNING, cells).splitlines()))
    assert [line["form"] for line in lines] == ["trained"] * 6 + ["best of n"] * 2
    first = {name: float(lines[0][name]) for name in ("alpha_low", "alpha", "alpha_high", "fitted_to")}
    assert first["alpha_low"] <= first["alpha"] <= first["alpha_high"] and first["fitted_to"] <= 1


def test_without_a_reward_model_there_is_none(tmp_path: Path) -> None:
    from tests.reports.judge import cells_of
    from tests.reports.synthetic import CELLS

    assert fits_table(LEARNING, cells_of(tmp_path, *CELLS[1:], steps=8)).rows == ()
