from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from rlvr_bench.harness.planner.check import Point, Record, measured, peaks, points, predicted, summary
from tests.harness.planner.configs import config_of

RECORDS: dict[str, Record] = {
    "a": {
        "phases": {"rollout": 100, "score": 50, "checkpoint": 7},
        "predicted": {"rollout": {"total": 90}, "score": {"total": 60}},
    },
    "b": {"phases": {"rollout": 200}, "predicted": {"rollout": {"total": 210}}},
}


def test_phases_worst_under_prediction_first() -> None:
    assert points(RECORDS) == [
        Point("a", "rollout", 90, 100),
        Point("b", "rollout", 210, 200),
        Point("a", "score", 60, 50),
    ]


@pytest.mark.parametrize(
    ("case", "torchrun"), [("ppo tiny:64x2 float32", False), ("ppo tiny:256x8 float32 stage 3", True)]
)
def test_several_processes_are_started_by_torchrun(case: str, torchrun: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: list[str], **options: Any) -> CompletedProcess[str]:
        assert (
            command[:5] == [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
        ) is torchrun
        assert options["env"]["DS_ACCELERATOR"] == "cpu"
        Path(command[-1]).write_text('{"phases": {"rollout": 1}}')
        return CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    assert measured(case)["phases"] == {"rollout": 1}


def test_a_peak_is_that_of_a_run() -> None:
    assert peaks(RECORDS) == [Point("a", "rollout", 90, 100), Point("b", "rollout", 210, 200)]


def test_summary_by_hand() -> None:
    s = summary(peaks(RECORDS))  # -10 % and +5 %
    assert s["runs"] == 2
    assert (s["mean"], s["worst_over"], s["worst_under"]) == pytest.approx((0.075, 0.05, 0.1))


def test_a_record_is_predicted_from_its_settings() -> None:
    record = predicted({"settings": config_of().to_dict(), "phases": {"rollout": 1}})
    assert record["predicted"]["update_actor"]["role"] == "actor"
    assert record["predicted_states"]["critic"]["parameters"] > 0
