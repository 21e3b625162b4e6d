"""The table of savings: a row for each pair of cells."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.load import load
from rlvr_bench.reports.page.costs.memory_table import memory_table
from rlvr_bench.reports.page.curves.memory_curve_table import memory_curve_csv, memory_curve_table
from tests.reports import core
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


def test_a_row_for_each_pair(tmp_path: Path) -> None:
    study = load(core.write_parts(tmp_path, {replace(core.CURVE, seeds=(1, 2)): core.sizes(((128, 4), (512, 8)))}))
    part = study.manifest.parts[0]
    table = memory_curve_table(part, study.cells(part))
    assert [row[:4] for row in table.rows][:3] == [
        ("tiny:128x4", "786,432", "32", "512"),
        ("tiny:512x8", "25,165,824", "32", "512"),
        ("tiny:128x4", "786,432", "32", "4096"),
    ]
    assert {row[7] for row in table.rows} == {"44.4 %"}
    assert all(" [" in row[6] and "%" in row[8] for row in table.rows)
    rows = list(csv.DictReader(memory_curve_csv(part, study.cells(part)).splitlines()))
    assert len(rows) == len(table.rows) == 8
    assert memory_table(part, study.cells(part)).rows == ()  # states have a column here
    first = rows[0]
    assert abs(float(first["saved"]) - 1 + float(first["grpo_peak"]) / float(first["ppo_peak"])) < 1e-3


def test_a_part_of_one_size_has_none(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, *CELLS)
    assert memory_curve_table(cells[0].part, cells).rows == ()
