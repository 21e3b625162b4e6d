"""The end of a run's metrics, whole or torn."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr_bench.harness.commands.runs import latest as module
from rlvr_bench.harness.commands.runs.latest import Latest, latest
from rlvr_bench.harness.records import RunLogs


def test_a_run_that_has_not_begun(tmp_path: Path) -> None:
    assert latest(tmp_path) == Latest(None, None, None)
    assert Latest().numbers == ""


def test_each_number_is_the_newest_that_there_is(tmp_path: Path) -> None:
    logs = RunLogs(tmp_path)
    logs.step(0, {"eval/pass@1": 0.25})
    assert latest(tmp_path).numbers == "pass@1 0.250"
    logs.step(1, {"rollout/reward_mean": 0.5, "eval/pass@1": 0.75})
    logs.step(2, {"rollout/reward_mean": 0.625})
    assert latest(tmp_path) == Latest(2, 0.625, 0.75)
    assert latest(tmp_path).numbers == "reward 0.625, pass@1 0.750"


def test_torn_ends_and_cut_fronts_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = RunLogs(tmp_path)
    for step in range(50):
        logs.step(step, {"rollout/reward_mean": step / 64})
    with (tmp_path / "metrics.jsonl").open("ab") as file:
        file.write(b'{"step": 50, "rollout/rew')
    monkeypatch.setattr(module, "TAIL_BYTES", 200)
    assert latest(tmp_path) == Latest(49, 49 / 64, None)
