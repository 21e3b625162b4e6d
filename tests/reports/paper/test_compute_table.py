"""What runs sampled, computed and took."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.load import load
from rlvr_bench.reports.numbers import ABSENT
from rlvr_bench.reports.paper.compute_table import compute_table
from tests.reports import synthetic
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS


def flops(cell, seed, step) -> dict:
    return {"cost/flops": 0.5e12}


def test_sums_of_the_steps_and_means_of_the_runs(tmp_path: Path) -> None:
    cells = [CELLS[1], replace(CELLS[2], status={0: "oom"})]
    rows = compute_table(load(synthetic.write(tmp_path, cells, [LEARNING], steps=8, row=flops))).rows
    # 8 steps of 128 samples, 3,200 tokens and 0.5 TFLOP; 42 s a run; the run without memory took as long.
    assert rows == (
        ("PPO, verifier", "3 of 3", "8", "1024", "25,600", "4.00", "0.700", "0.0350"),
        ("GRPO, verifier", "2 of 3", "8", "1024", "25,600", "4.00", "0.700", "0.0350"),
        ("All runs", "5 of 6", *[ABSENT] * 5, "0.0700"),
    )


def test_a_sum_that_would_be_too_small_is_none(tmp_path: Path) -> None:
    def missing(cell, seed, step) -> dict:
        return {"cost/flops": None if (seed, step) == (1, 3) else 1e12}

    rows = compute_table(load(synthetic.write(tmp_path, CELLS[2:], [LEARNING], steps=4, row=missing))).rows
    assert rows[0][5] == ABSENT
    assert rows[0][3] == "512"


def test_parts_are_told_apart_by_name(tmp_path: Path) -> None:
    rows = compute_table(load(synthetic.write(tmp_path, CELLS[2:], [LEARNING, SYSTEMS], steps=2))).rows
    assert [row[0] for row in rows] == ["learning: GRPO, verifier", "systems: GRPO, verifier", "All runs"]


def test_a_study_that_was_never_run_has_a_row_of_nothing(tmp_path: Path) -> None:
    cells = [replace(CELLS[2], status=dict.fromkeys(range(3), "missing"))]
    rows = compute_table(load(synthetic.write(tmp_path, cells, [LEARNING], steps=2))).rows
    assert rows == (("All runs", "0 of 3", *[ABSENT] * 6),)
