"""The cells side by side: raw numbers, and columns that fit the part."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.load import load
from rlvr_bench.reports.page.comparison_table import comparison_csv, comparison_table, endings_table
from tests.reports import synthetic
from tests.reports.decimals import close
from tests.reports.judge import learning_study
from tests.reports.synthetic import CELLS


def test_csv_holds_raw_numbers(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, steps=40))
    part, systems = study.manifest.parts
    rows = list(csv.DictReader(io.StringIO(comparison_csv(systems, study.cells(systems)))))
    close(float(rows[0]["states_per_parameter"]), 40.0)
    assert rows[2]["expected_per_parameter"] == "20"
    close(float(rows[2]["seconds"]), 1.005)
    close(float(rows[2]["peak"]), 46.0 * 1024**2)
    # 3 steps of 3,200 tokens each after warm-up, per seed 3200 / s: the mean over s = 1, 1.005, 1.01
    close(float(rows[2]["tokens_per_second"]), sum(3200 / s for s in (1.0, 1.005, 1.01)) / 3)
    learning = list(csv.DictReader(io.StringIO(comparison_csv(part, study.cells(part)))))
    close(float(learning[2]["pass1"]), 0.92)
    assert learning[2]["pass1_n"] == "3"


def test_columns_fit_the_part(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, steps=5))
    learning, systems = (comparison_table(part, study.cells(part)) for part in study.manifest.parts)
    assert set(learning.columns) - set(systems.columns) == {"pass@1", "greedy", "collapsed"}
    assert systems.rows[2][3].endswith("MiB")


def test_endings_have_reasons(tmp_path: Path) -> None:
    cell = replace(CELLS[2], status={0: "oom", 1: "missing"}, reason="at /home/someone/x.py: no memory")
    rows = endings_table(learning_study(tmp_path, cell)).rows
    assert [row[2:] for row in rows] == [
        ("0", "oom", "at …/x.py: no memory"),
        ("1", "not run", "its folder is not there"),
    ]
