"""The table of the critic's values: a row a place, a row a step, one of all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.page.curves.values_table import values_csv, values_table
from tests.reports.judge import cells_of
from tests.reports.probes import simulated
from tests.reports.synthetic import CELLS


def test_a_row_for_each_place_and_each_step(tmp_path: Path) -> None:
    probe = replace(CELLS[1], values=lambda seed: simulated(seed, off=0.2, prompts=8, steps=(0, 20)))
    cells = cells_of(tmp_path, probe, CELLS[2], seeds=3)
    table = values_table(cells[0].part, cells)
    which = ["the prompt", "state 2", "state 3", "state 4", "state 5", "step 0", "step 20", "all"]
    assert [row[:2] for row in table.rows] == [("PPO, verifier", name) for name in which]
    assert [row[2] for row in table.rows] == ["0", "8", "16", "24", "32", "16", "16", "16"]
    assert {row[-1] for row in table.rows} == {"3"}
    assert table.rows[0][6] == table.rows[0][7]  # the group's mean is of the prompt
    lines = values_csv(cells[0].part, cells).splitlines()
    assert len(lines) == 1 + 8 + 2 + 8 * 3
    assert lines[-1].startswith("ppo,all,2,80,16.0,")


def test_without_a_probe_there_is_none(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, *CELLS)
    assert values_table(cells[0].part, cells).rows == ()
