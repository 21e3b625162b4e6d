"""The table of lengths and self-checks: base models first, then each cell at its end."""

from __future__ import annotations

import csv
from pathlib import Path

from rlvr_bench.reports.page.curves.lengths_table import checks_table, lengths_csv, lengths_table
from tests.reports.judge import cells_of
from tests.reports.lengths import checking
from tests.reports.synthetic import CELLS


def test_a_row_of_the_base_and_one_a_cell(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, checking("grpo", length_wrong_mean=40.0, check_fraction=0.6), CELLS[1], seeds=2, steps=5)
    table = lengths_table(cells[0].part, cells)
    assert [row[0] for row in table.rows] == ["base models", "GRPO grpo"]
    base, end = ({c: text.split(" [")[0] for c, text in zip(table.columns, row, strict=True)} for row in table.rows)
    assert (base["length, wrong (tokens)"], end["length, wrong (tokens)"]) == ("31.0", "40.0")
    assert (base["with a self-check"], end["with a self-check"]) == ("30.0 %", "60.0 %")
    assert (end["right with a check"], end["right without"]) == ("70.0 %", "40.0 %")
    done = checks_table(cells[0].part, cells)
    assert done.columns == ("cell", "corrected", "harmed", "unchanged")
    base, end = ({c: text.split(" [")[0] for c, text in zip(done.columns, row, strict=True)} for row in done.rows)
    assert (base["corrected"], end["corrected"], end["unchanged"]) == ("50.0 %", "90.0 %", "10.0 %")
    text = lengths_csv(cells[0].part, cells)
    means, seeds = text.split("\n\n")
    assert [(r["cell"], r["when"], float(r["eval/length_wrong_mean"])) for r in csv.DictReader(means.splitlines())] == [
        ("grpo", "first", 31.0),
        ("grpo", "last", 40.0),
    ]
    assert [(r["when"], r["seed"]) for r in csv.DictReader(seeds.splitlines())] == [
        (when, seed) for when in ("first", "last") for seed in "01"
    ]


def test_without_counted_checks_there_is_no_row(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, *CELLS)
    assert lengths_table(cells[0].part, cells).rows == () == checks_table(cells[0].part, cells).rows
