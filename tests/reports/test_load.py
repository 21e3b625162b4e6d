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
from rlvr_bench.reports.cells.environments import check_alike
from rlvr_bench.reports.cells.fairness import compare, held_equal
from rlvr_bench.reports.load import Study, load
from tests.reports import synthetic
from tests.reports.synthetic import CELLS, LEARNING, SYSTEMS


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


def test_a_step_recorded_twice_counts_once(tmp_path: Path) -> None:
    path = small(tmp_path) / "learning/grpo/seed-0/metrics.jsonl"
    records.append_metrics(path, 3, {"train/entropy": 9.0})
    run = next(r for r in load(tmp_path).runs if (r.cell, r.seed) == ("grpo", 0))
    assert [r["step"] for r in run.metrics] == list(range(7))
    assert dict(run.series("train/entropy"))[3] == 9.0


def test_first_and_last_completions_only(tmp_path: Path) -> None:
    path = small(tmp_path) / "learning/grpo/seed-0/completions.jsonl.gz"
    records.append_completions(path, [{"step": 9, "completion": "late"}])
    run = next(r for r in load(tmp_path).runs if (r.cell, r.seed) == ("grpo", 0))
    assert [r["step"] for r in run.completions] == [1, 1, 1, 9]


def edit(path: Path, **values: Any) -> None:
    records.write_json(path, json.loads(path.read_text()) | values)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("suite.json", {"schema": 99}, r"suite\.json: schema 99"),
        ("suite.json", {"parts": 3}, r"suite\.json: not a suite manifest"),
        ("learning/grpo/seed-0/summary.json", {"roles": 1}, r"summary\.json: not a run summary.*run the cell again"),
        ("learning/grpo/seed-0/config.json", {"hash": "other"}, r"config\.json: hash other.*delete"),
    ],
)
def test_errors_name_the_file_and_the_remedy(tmp_path: Path, file: str, change: dict, message: str) -> None:
    edit(small(tmp_path) / file, **change)
    with pytest.raises(RecordError, match=message):
        load(tmp_path)


def test_not_a_results_folder(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"suite\.json: no such file"):
        reports.text_table(tmp_path)


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


def unlike(part: Any, cell: Any, seed: int) -> dict[str, Any]:
    return {"cpu": {"model": "A" if cell.name == "grpo" else "B", "cores": 2}, "hostname": f"{seed}"}


def test_unlike_environments_are_refused_or_marked(tmp_path: Path) -> None:
    study = load(small(tmp_path, environment=unlike))
    with pytest.raises(RecordError, match=r"CPU: B in ppo-rm/seed-0.*A in grpo/seed-0"):
        check_alike(study, allow_unlike=False)
    assert [d.field for d in check_alike(study, allow_unlike=True)] == ["CPU"]


def test_parts_may_run_on_different_machines(tmp_path: Path) -> None:
    def environment(part: Any, cell: Any, seed: int) -> dict[str, Any]:
        return {"cpu": {"model": part.name}, "hostname": f"{cell.name}{seed}"}

    study = load(synthetic.write(tmp_path, parts=[LEARNING, SYSTEMS], steps=4, environment=environment))
    assert check_alike(study, allow_unlike=False) == ()


def test_fairness_is_a_diff_of_configurations(tmp_path: Path) -> None:
    study = load(small(tmp_path))
    cells = study.cells(study.manifest.parts[0])
    found = compare(cells)
    assert [k for k, _ in found.unequal] == ["algorithm.gae_lambda", "algorithm.name", "reward.source"]
    assert dict(found.unequal)["algorithm.gae_lambda"] == ("1.0", "1.0", "—")
    assert dict(found.equal)["rollout.group_size"] == "8"
    assert found.paired_start is True
    assert held_equal(cells[0], cells[2]).endswith("differed: the algorithm and its own settings, reward.source")
