"""The table of searches: best trial, its settings, how many are near it."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.load import load
from rlvr_bench.reports.page.curves.tuning_table import tuning_csv, tuning_table
from tests.reports import core
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS, Spec


def trial(name: str, final: float, lr: float) -> Spec:
    return replace(core.CELLS[2], name=name, search="grpo", more=None, final=lambda seed: final,
                   settings={"train": {"lr": lr}})  # fmt: skip


def test_the_best_trial_and_its_settings(tmp_path: Path) -> None:
    specs = [trial("a", 0.5, 0.001), trial("b", 0.8, 0.000123456), trial("c", 0.75, 0.01)]
    study = load(core.write_parts(tmp_path, {replace(core.SEARCH, seeds=(1, 2)): specs}, steps=5))
    part = study.manifest.parts[0]
    table = tuning_table(part, study.cells(part))
    assert table.rows == (("grpo", "3 of 3", "0.800 (2 seeds)", "train.lr = 0.000123", "0.750", "66.7 %"),)
    rows = list(csv.DictReader(tuning_csv(part, study.cells(part)).splitlines()))
    assert [row["train.lr"] for row in rows] == ["0.001", "0.000123456", "0.01"]
    # of two of .5, .8 and .75: (.8 + .75 + .8) / 3
    assert [round(float(row["expected_best_of_so_many"]), 4) for row in rows] == [0.6833, 0.7833, 0.8]


def test_a_part_without_searches_has_none(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, *CELLS)
    assert tuning_table(cells[0].part, cells).rows == ()
