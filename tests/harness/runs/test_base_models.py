"""Base models are measured once each, in processes of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.suite_file import RunPlan
from rlvr_bench.harness.records import BaseMeasurement, read_json
from rlvr_bench.harness.runs.base_models import measure_base_models, wanted
from rlvr_bench.harness.runs.slots import Slot
from tests.harness.small_runs import config

MEASURE = {"base_items": 3, "base_samples": 2, "base_pass_items": 2, "base_pass_samples": 2}
SORT: dict[str, Any] = {"task": {"name": "sort"}, "measure": MEASURE}


def plan(part: str, cell: str, **sections: Any) -> RunPlan:
    return RunPlan(part, cell, config(**sections), 60.0)


def test_each_base_model_of_a_part_once(tmp_path: Path) -> None:
    runs = [
        plan("p", "grpo", **SORT),
        plan("p", "ppo", **SORT, algorithm={"name": "ppo"}),
        plan("p", "grpo", **SORT, seed=2),
        plan("p", "wide", **SORT, model={"name": "tiny:32x1"}),
        plan("q", "grpo", **SORT),
        plan("systems", "grpo", task={"name": "sort"}),
    ]
    found = wanted(tmp_path, runs)
    assert sorted((path.parent.name, len(mine)) for path, mine in found.items()) == [("p", 1), ("p", 3), ("q", 1)]
    one, other, elsewhere = found
    assert one.name == elsewhere.name != other.name
    assert one.name.startswith("base-") and len(one.stem) == len("base-") + 8
    one.parent.mkdir()
    one.touch()
    assert list(wanted(tmp_path, runs)) == [other, elsewhere]


@pytest.mark.slow
def test_it_is_recorded_and_not_done_twice(tmp_path: Path) -> None:
    lines: list[str] = []
    runs = [plan("p", cell, **SORT, seed=seed) for seed in (1, 2) for cell in ("a", "b")]
    measure_base_models(tmp_path, runs, [Slot()], notice=lines.append)
    assert lines == ["measuring 1 base model"]
    (path,) = (tmp_path / "p").iterdir()
    found = BaseMeasurement.from_json(read_json(path))
    assert path.name == f"base-{found.hash[:8]}.json"
    assert (found.cells, found.items, len(found.greedy), len(found.many.right)) == (("a", "b"), 3, 3, 2)
    before = path.stat().st_mtime_ns
    measure_base_models(tmp_path, runs, [Slot()], notice=lines.append)
    assert len(lines) == 1 and path.stat().st_mtime_ns == before


@pytest.mark.slow
def test_what_cannot_be_measured_is_said_and_tried_again(tmp_path: Path) -> None:
    lines: list[str] = []
    runs = [plan("p", "a", **SORT, rollout={"max_prompt_tokens": 2})]
    measure_base_models(tmp_path, runs, [Slot()], notice=lines.append)
    assert lines[-1].startswith("a base model could not be measured: ")
    assert "rollout.max_prompt_tokens" in lines[-1]
    assert len(wanted(tmp_path, runs)) == 1


def test_none_is_measured_where_none_is_asked_for(tmp_path: Path) -> None:
    lines: list[str] = []
    runs = [plan("p", "a", **{**SORT, "measure": MEASURE | {"base_items": 0}})]
    measure_base_models(tmp_path, runs, [Slot()], notice=lines.append)
    assert lines == [] and not (tmp_path / "p").exists()
