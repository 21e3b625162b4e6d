"""Runs of several processes: how they are started and how they end, all at once and for one reason."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rlvr_bench.harness.config.load import config_record, resolve
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.records import Summary, read_json, write_json
from rlvr_bench.harness.runs import launch
from rlvr_bench.harness.runs.launch import PATIENCE_SECONDS, first_failure, tell, two_nodes
from rlvr_bench.harness.runs.process import MODULE
from rlvr_bench.harness.state.stop import PARENT
from tests.rewards.waiting import wait_until

NOW = 1000.0


def failure(code: int, *, at: float | None = None, reason: str = "") -> Any:
    return SimpleNamespace(exitcode=code, message=reason, error_file_data={} if at is None else {"time": at})


LOST = failure(1, at=NOW - 0.1, reason="RuntimeError: Connection closed by peer")


@pytest.mark.parametrize(
    ("failures", "expected"),
    [
        ({0: LOST, 1: failure(1, at=NOW - 1, reason="ValueError: no")}, (1, "failed", "ValueError: no")),
        ({0: LOST, 1: failure(-9)}, (1, "killed", "ended by signal 9")),
        ({0: failure(-15), 1: failure(-11)}, (1, "killed", "ended by signal 11")),
        # The agent killed the one that hung, long after the other had failed.
        ({0: failure(-9), 1: failure(1, at=NOW - PATIENCE_SECONDS, reason="no")}, (1, "failed", "no")),
        ({0: failure(-15), 1: failure(3)}, (0, "failed", "exit status -15 without a reason; see run.log")),
    ],
)
def test_the_first_failure_is_the_reason(failures: dict[int, Any], expected: tuple[int, str, str]) -> None:
    assert first_failure(failures, NOW, out_of_memory=False) == expected


def test_the_system_kills_for_memory() -> None:
    assert first_failure({0: LOST, 1: failure(-9)}, NOW, out_of_memory=True)[1] == "oom"


def test_a_reason_is_told_where_somebody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tell("nobody asks")
    monkeypatch.setenv(launch.ERROR_FILE, str(tmp_path / "error.json"))
    tell("no data")
    told = json.loads((tmp_path / "error.json").read_text())
    assert told["message"] == "no data" and told["timestamp"] == int(told["time"])


def summary(folder: Path, status: Any, reason: str = "") -> None:
    write_json(folder / "summary.json", Summary(status, reason, "p", "c", 1, "hash", "now", 1.0, 2))


@pytest.mark.parametrize(
    ("before", "failures", "after"),
    [
        ("running", {0: failure(1, at=NOW, reason="no")}, ("failed", "no")),
        ("failed", {0: LOST, 1: failure(-9)}, ("killed", "process 1 of 2 (counted from 0): ended by signal 9")),
        ("diverged", {0: failure(1)}, ("diverged", "")),  # the first process has said how it ended
    ],
)
def test_the_summary_has_it(before: str, failures: dict[int, Any], after: tuple[str, str], tmp_path: Path) -> None:
    summary(tmp_path, before)
    launch._explain(tmp_path, failures, 2, NOW, out_of_memory=False)
    found = read_json(tmp_path / "summary.json")
    assert (found["status"], found["reason"]) == after


def test_two_nodes_have_half_of_the_processes_each() -> None:
    line = two_nodes(["rlvr-bench", "train", "a b.toml"], 8, "mine")
    assert line == (
        "torchrun --nnodes=2 --nproc-per-node=4 --rdzv-backend=c10d --rdzv-endpoint=HOST:29500 --rdzv-id=mine "
        "--no-python rlvr-bench train 'a b.toml'"
    )


def config(**train: Any) -> RunConfig:
    return resolve({
        "task": {"name": "sort", "min_digits": 2, "max_digits": 3},
        "algorithm": {"name": "grpo"},
        "model": {"name": "tiny:16x1"},
        "rollout": {"prompts": 4, "group_size": 2, "max_tokens": 8},
        "train": {"engine": {"name": "deepspeed", "stage": 2}, "checkpoint_every": 0, **train},
        "evaluate": {"every": 0},
        "compute": {"threads": 1},
        "launch": {"processes": 2},
    })  # fmt: skip


def start(folder: Path, settings: RunConfig, **variables: str) -> subprocess.Popen[bytes]:
    folder.mkdir()
    write_json(folder / "config.json", config_record(settings, {}))
    environment = dict(os.environ) | {"OMP_NUM_THREADS": "1", PARENT: str(os.getpid())} | variables
    with (folder / "run.log").open("wb") as log:
        command = [sys.executable, "-P", "-m", MODULE, str(folder), "part", "cell", "new"]
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def rank_of(process: Any) -> str | None:
    return process.environ().get("RANK")


def steps(folder: Path) -> int:
    path = folder / "metrics.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.mark.slow
@pytest.mark.parametrize(("rank", "number"), [("1", signal.SIGKILL), ("0", signal.SIGKILL), ("1", signal.SIGTERM)])
def test_a_process_that_is_killed_ends_all(rank: str, number: signal.Signals, tmp_path: Path) -> None:
    import psutil

    folder = tmp_path / "run"
    agent = start(folder, config(steps=100_000))
    wait_until(lambda: steps(folder) > 1, seconds=120)
    workers = psutil.Process(agent.pid).children(recursive=True)
    (victim,) = [process for process in workers if rank_of(process) == rank]
    victim.send_signal(number)
    code = agent.wait(timeout=30)
    found = read_json(folder / "summary.json")
    assert found["status"] == "killed" and found["steps_done"] == steps(folder)
    if number == signal.SIGKILL:
        assert found["reason"] == f"process {rank} of 2 (counted from 0): ended by signal 9" and code == 1
    else:
        assert found["reason"].startswith("SIGTERM after step")  # both have agreed on it
    assert not [process for process in workers if process.is_running() and process.status() != "zombie"]


FAILS_IN_ONE = """
import os
if os.environ.get("RANK") == "1":
    from rlvr_bench.harness.training.loop import Trainer
    def step(self, number):
        raise ValueError("no step today")
    Trainer.step = step
"""


@pytest.mark.slow
def test_an_error_in_one_is_the_reason_of_all(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(FAILS_IN_ONE)
    agent = start(tmp_path / "run", config(steps=2), PYTHONPATH=str(tmp_path))
    assert agent.wait(timeout=120) == 1
    found = read_json(tmp_path / "run" / "summary.json")
    reason = "process 1 of 2 (counted from 0): ValueError: no step today"
    assert (found["status"], found["reason"]) == ("failed", reason)


@pytest.mark.slow
def test_a_run_of_three_processes_completes(tmp_path: Path) -> None:
    settings = resolve(config(steps=2).to_dict() | {"launch": {"processes": 3}})
    assert start(tmp_path / "run", settings).wait(timeout=120) == 0
    found = read_json(tmp_path / "run" / "summary.json")
    assert (found["status"], found["reason"], found["steps_done"]) == ("completed", "", 2)
    assert steps(tmp_path / "run") == 2  # one process has written
