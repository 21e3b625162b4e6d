"""The table of pairs: every pair by name, the columns that were measured, and seconds of a busy machine."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.load import load
from rlvr_bench.reports.page.pairwise_table import pairwise_csv, pairwise_table
from tests.reports import synthetic
from tests.reports.decimals import close
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS, Spec

RLOO = replace(CELLS[2], name="rloo", label="RLOO, verifier", algorithm="rloo", final=lambda s: 0.8 + 0.02 * s)


def test_a_third_algorithm_stands_against_each_of_the_others(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, [*CELLS[1:], RLOO], steps=8))
    learning, systems = (pairwise_table(part, study.cells(part)) for part in study.manifest.parts)
    assert [row[:2] for row in learning.rows] == [
        ("GRPO, verifier", "PPO, verifier"),
        ("RLOO, verifier", "PPO, verifier"),
        ("RLOO, verifier", "GRPO, verifier"),
    ]
    # .80 .82 .84 less .90 .91 .92: -.10 -.09 -.08, half width 4.302653 * .01 / sqrt(3) = .0248
    assert learning.rows[1][2:4] == ("-9.0 [-11.5, -6.5]", "0.00")
    assert systems.columns == ("A", "B", "s/step", "peak")
    raw = list(csv.DictReader(io.StringIO(pairwise_csv(LEARNING, study.cells(LEARNING)))))
    close(float(raw[1]["pass1_difference"]), -0.09)
    assert (raw[1]["a"], raw[1]["b"], raw[1]["pass1_difference_n"]) == ("rloo", "ppo", "3")


def test_seconds_of_a_busy_machine_are_not_compared(tmp_path: Path) -> None:
    def row(cell: Spec, seed: int, step: int) -> dict[str, float]:
        return {"cost/processor_wait": 1.0 if cell.name == "grpo" else 0.0}

    study = load(synthetic.write(tmp_path, CELLS[1:], [SYSTEMS], row=row))
    found = pairwise_table(SYSTEMS, study.cells(SYSTEMS))
    assert found.rows[0][2] == "busy"
    assert "waited for a processor" in found.note


def test_one_cell_and_trials_of_a_search_have_no_pairs(tmp_path: Path) -> None:
    study = load(synthetic.write(tmp_path, CELLS[1:], [LEARNING], steps=2))
    cells = study.cells(LEARNING)
    assert pairwise_table(LEARNING, cells[:1]).rows == ()
    assert pairwise_table(replace(LEARNING, kind="search"), cells).rows == ()
