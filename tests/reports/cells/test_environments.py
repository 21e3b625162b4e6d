"""Runs of one part must have had equal environments."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness import records
from rlvr_bench.harness.records import RecordError
from rlvr_bench.reports.cells.environments import check_environments, show
from rlvr_bench.reports.load import load
from tests.reports import synthetic
from tests.reports.synthetic import LEARNING, SYSTEMS


def small(folder: Path, **changes: Any) -> Path:
    return synthetic.write(folder, parts=[replace(LEARNING, seeds=(0, 1))], steps=6, **changes)


def two_cpus(part: Any, cell: Any, seed: int) -> dict[str, Any]:
    return {"cpu": {"model": "A" if cell.name == "grpo" else "B", "cores": 2}, "hostname": f"{seed}"}


def test_different_environments_are_refused_or_marked(tmp_path: Path) -> None:
    study = load(small(tmp_path, environment=two_cpus))
    with pytest.raises(RecordError, match=r"CPU: B in ppo-rm/seed-0.*A in grpo/seed-0"):
        check_environments(study, allow_unlike=False)
    assert [d.field for d in check_environments(study, allow_unlike=True)] == ["CPU"]


def test_parts_may_run_on_different_machines(tmp_path: Path) -> None:
    def environment(part: Any, cell: Any, seed: int) -> dict[str, Any]:
        return {"cpu": {"model": part.name}, "hostname": f"{cell.name}{seed}"}

    study = load(synthetic.write(tmp_path, parts=[LEARNING, SYSTEMS], steps=4, environment=environment))
    assert check_environments(study, allow_unlike=False) == ()


def test_many_runs_are_named_in_short(tmp_path: Path) -> None:
    def environment(part: Any, cell: Any, seed: int) -> dict[str, Any]:
        return {"threads": 1 + (cell.name == "grpo")}

    study = load(small(tmp_path, environment=environment))
    with pytest.raises(
        RecordError, match=r"threads: 1 in .*, ppo/seed-0, .* and 1 more; 2 in grpo/seed-0, grpo/seed-1"
    ):
        check_environments(study, allow_unlike=False)


def test_values_as_stable_text() -> None:
    assert show({"b": 1, "a": [True, "x"]}) == "a true, x, b 1"
    assert [show(nothing) for nothing in (None, [], {})] == ["none"] * 3


def test_a_run_that_went_on_elsewhere_is_refused(tmp_path: Path) -> None:
    study = small(tmp_path)
    first = study / "learning/grpo/seed-1/environment.json"
    second = json.loads(first.read_text()) | {"cpu": {"model": "another", "cores": 2}}
    records.write_json(first.with_name("environment-2.json"), second)
    with pytest.raises(RecordError, match=r"learning, CPU: .*another in grpo/seed-1"):
        check_environments(load(study), allow_unlike=False)


@pytest.mark.parametrize(("other", "refused"), [({"b": "2"}, True), ({"b": "1", "new": "3"}, False), ({}, False)])
def test_versions_that_all_recorded_are_compared(other: dict[str, str], refused: bool, tmp_path: Path) -> None:
    def environment(part: Any, cell: Any, seed: int) -> dict[str, Any]:
        return {"versions": {"a": "7"} | (other if cell.name == "grpo" else {"b": "1"})}

    study = load(small(tmp_path, environment=environment))
    if refused:
        with pytest.raises(RecordError, match=r"versions: b 1 in .*; b 2 in grpo/seed-0"):
            check_environments(study, allow_unlike=False)
    else:
        assert check_environments(study, allow_unlike=False) == ()
