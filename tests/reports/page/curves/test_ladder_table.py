"""The table of baselines: a row for each cell, step and rung."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.page.curves.ladder_table import ladder_csv, ladder_table
from tests.reports import core
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


def test_a_row_for_each_step_and_rung(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, replace(CELLS[1], ladder=core.ladder), CELLS[2], seeds=3)
    table = ladder_table(cells[0].part, cells)
    assert [row[:3] for row in table.rows] == [
        ("PPO, verifier", str(step), rung) for step in (0, 20, 40) for rung in core.RUNGS
    ]
    oracle = table.rows[len(core.RUNGS) - 1]
    assert oracle[3] == "1.00 [1.00, 1.00]"
    assert oracle[5] == "3"
    lines = ladder_csv(cells[0].part, cells).splitlines()
    assert len(lines) == 1 + 3 * len(core.RUNGS) + 2 + 9
    assert lines[-1].startswith("ppo,40,2,")
    assert lines[-1].endswith(",1")


def test_without_a_ladder_there_is_none(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, *CELLS)
    assert ladder_table(cells[0].part, cells).rows == ()
