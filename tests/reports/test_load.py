"""Reading: partial folders are data, contradictions are errors that name their file and remedy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench import reports
from rlvr_bench.harness import records
from rlvr_bench.harness.records import RecordError
from rlvr_bench.reports.load import Run, Study, load, remembered
from tests.reports import synthetic
from tests.reports.synthetic import CELLS, LEARNING


def small(folder: Path, **changes: Any) -> Path:
    return synthetic.write(folder, parts=[replace(LEARNING, seeds=(0, 1))], steps=6, **changes)


def states(study: Study) -> dict[tuple[str, int], str]:
    return {(r.cell, r.seed): r.state for r in study.runs}


def test_missing_and_torn_runs_are_shown_as_what_they_are(tmp_path: Path) -> None:
    cells = [replace(CELLS[0], status={0: "missing"}), replace(CELLS[1], status={1: "torn"}), CELLS[2]]
    study = load(synthetic.write(tmp_path, cells, [replace(LEARNING, seeds=(0, 1))], steps=6))
    found = states(study)
    assert (found["ppo-rm", 0], found["ppo", 1], found["grpo", 0]) == ("not run", "killed", "completed")
    assert len(study.runs[0].metrics) == 0


@pytest.mark.parametrize("step", [3, 6])
def test_a_step_recorded_twice_is_refused(step: int, tmp_path: Path) -> None:
    """As where two processes have written one folder."""
    path = small(tmp_path) / "learning/grpo/seed-0/metrics.jsonl"
    records.Log(path).append([records.metrics_line(step, {"train/entropy": 9.0})])
    with pytest.raises(RecordError, match=rf"metrics\.jsonl:8: step {step} after step 6; do the run again"):
        load(tmp_path)


def test_a_series_has_numbers_only_and_cannot_be_changed(tmp_path: Path) -> None:
    path = small(tmp_path) / "learning/grpo/seed-0/metrics.jsonl"
    records.Log(path).append([records.metrics_line(8, {"train/entropy": float("nan"), "train/lr": 0.5})])
    run = next(r for r in load(tmp_path).runs if (r.cell, r.seed) == ("grpo", 0))
    assert [s for s, _ in run.series("train/entropy")] == list(range(1, 7))
    assert run.series("train/lr") == [(8, 0.5)]
    assert run.series("not_finite") == run.series("nobody") == []
    run.series("train/lr").clear()
    assert run.series("train/lr") == [(8, 0.5)]


def test_first_and_last_completions_only(tmp_path: Path) -> None:
    path = small(tmp_path) / "learning/grpo/seed-0/completions.jsonl.gz"
    records.Log(path).append([{"step": 9, "completion": "late"}])
    run = next(r for r in load(tmp_path).runs if (r.cell, r.seed) == ("grpo", 0))
    assert [r["step"] for r in run.completions] == [1, 1, 1, 9]


def edit(path: Path, **values: Any) -> None:
    records.write_json(path, json.loads(path.read_text()) | values)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("suite.json", {"schema": 99}, r"suite\.json: schema 99"),
        ("suite.json", {"parts": 3}, r"suite\.json: not a suite manifest"),
        ("learning/grpo/seed-0/summary.json", {"roles": 1}, r"summary\.json: not a run summary.*do the run again"),
        ("learning/grpo/seed-0/config.json", {"hash": "other"}, r"config\.json: hash other.*delete"),
    ],
)
def test_errors_name_the_file_and_the_remedy(tmp_path: Path, file: str, change: dict, message: str) -> None:
    edit(small(tmp_path) / file, **change)
    with pytest.raises(RecordError, match=message):
        load(tmp_path)


def test_not_a_results_folder(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"suite\.json: no such file"):
        reports.comparison_tables(tmp_path)


def test_a_run_may_not_leave_the_folder(tmp_path: Path) -> None:
    manifest = json.loads((small(tmp_path) / "suite.json").read_text())
    manifest["runs"][0]["folder"] = "../elsewhere"
    records.write_json(tmp_path / "suite.json", manifest)
    with pytest.raises(RecordError, match="leaves the results folder"):
        load(tmp_path)


def test_broken_completions_are_named_or_left_out(tmp_path: Path) -> None:
    path = small(tmp_path) / "learning/grpo/seed-0/completions.jsonl.gz"
    path.write_bytes(path.read_bytes()[:-12])  # a torn tail
    assert load(tmp_path).runs


def test_a_remembered_measure_is_computed_once_a_run(tmp_path: Path) -> None:
    asked = []

    @remembered
    def measure(run: Run, name: str) -> int:
        asked.append((run.seed, name))
        return len(asked)

    one, two = load(small(tmp_path)).runs[:2]
    assert [measure(one, "a"), measure(one, "a"), measure(one, "b"), measure(two, "a")] == [1, 1, 2, 3]
    changed = replace(one, state="diverged")
    assert measure(changed, "a") == 4  # a changed copy is another run
    assert replace(one) == one
