"""Runs whose reward is code that was run: workers that die, machinery that fails, isolation that is told."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import signal
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.load import config_hash
from rlvr_bench.harness.records import read_json, read_metrics, write_json
from rlvr_bench.harness.runs.process import run_here
from rlvr_bench.rewards.code.verifier import CodeVerifier
from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable
from rlvr_bench.rewards.sandbox.sandbox import open_sandbox
from rlvr_bench.rewards.types import Verdict, Verifier
from rlvr_bench.rewards.workers.pool import Pool, WorkerDied
from tests.harness.cli_calls import SUITE, call
from tests.harness.small_runs import config, metrics, run

SMALL: dict[str, Any] = {
    "task": {"name": "program", "min_ops": 1, "max_ops": 2, "tier": "landlock"},
    "model": {"name": "tiny:32x1"},
    "rollout": {"prompts": 8, "group_size": 4, "max_tokens": 34},
    "train": {"steps": 4},
}


MANY: dict[str, Any] = {"rollout": {"prompts": 16, "group_size": 8, "max_tokens": 2}, "train": {"steps": 4}}


class Coded(Verifier):
    """The parity of a completion's first character, computed in the sandbox: code that random weights can write."""

    def __init__(self, _: int) -> None:
        self.inner = CodeVerifier(tiers=("landlock",), workers=2)

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        codes = [f"```\ndef f(c): return ord(c) % 2  # {text!a}\n```" for text in completions]
        cases = [{"args": [text[:1] or "a"], "want": gold} for text, gold in zip(completions, targets, strict=True)]
        return self.inner.verify(codes, [{"type": "call", "entry": "f", "cases": [case]} for case in cases])

    @property
    def retries(self) -> int:
        return self.inner.retries

    def close(self) -> None:
        self.inner.close()


@pytest.fixture
def coded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.harness.small_runs.ParityVerifier", Coded)


@pytest.fixture(autouse=True)
def landlock_holds() -> None:
    try:
        open_sandbox(("landlock",), workers=1).close()
    except SandboxUnavailable as error:
        pytest.skip(f"landlock: {error.failures['landlock']}")


def kill_a_worker_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of every batch one of the workers that judge it is killed from outside."""
    judged = CodeVerifier.verify

    def disturbed(self: CodeVerifier, *args: Any) -> list[Verdict]:
        def kill() -> None:
            for pid in self.sandbox.pool.worker_pids()[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

        timer = threading.Timer(0.03, kill)
        timer.start()
        try:
            return judged(self, *args)
        finally:
            timer.join()

    monkeypatch.setattr(CodeVerifier, "verify", disturbed)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    with gzip.open(folder / "completions.jsonl.gz", "rt") as file:
        return [json.loads(line) for line in file]


@pytest.mark.usefixtures("coded")
def test_a_run_goes_on_when_workers_are_killed_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(config(**MANY), tmp_path / "undisturbed").grader.close()
    kill_a_worker_each_time(monkeypatch)
    run(config(**MANY), tmp_path / "killed").grader.close()
    retries = "rollout/verdict_retries"
    calm, killed = metrics(tmp_path / "undisturbed"), metrics(tmp_path / "killed")
    assert sum(row[retries] for row in calm) == 0
    assert sum(row[retries] for row in killed) > 0
    assert any(row["rollout/true_reward_mean"] > 0 for row in calm)
    # Each sample was asked for again: nothing but the record of that differs, to the last digit.
    assert [row | {retries: 0} for row in killed] == calm
    assert all(row["rollout/masked_fraction"] == 0 for row in killed)


@pytest.mark.usefixtures("coded")
def test_machinery_that_fails_for_good_stops_the_run_and_is_no_reward(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = config(**MANY)
    write_json(tmp_path / "config.json", {"hash": config_hash(settings), "config": settings.to_dict()})
    true_run, calls = Pool.run, iter(range(10**9))

    def fails_later(self: Pool, job: bytes, seconds: float) -> Any:
        if next(calls) > 6:  # the self-test and the first few verdicts go well
            raise WorkerDied("no more processes")
        return true_run(self, job, seconds)

    monkeypatch.setattr(Pool, "run", fails_later)
    summary, _ = run_here(tmp_path)
    assert summary.status == "failed"
    assert "reward.max_masked = 10%" in summary.reason
    rows = rows_of(tmp_path)
    missing = [row for row in rows if row["outcome"] == "infra"]
    assert missing
    (last,) = read_metrics(tmp_path / "metrics.jsonl")
    assert last["rollout/masked_fraction"] == len(missing) / len(rows) > 0.1
    assert all(row["reward"] is None for row in missing)
    capsys.readouterr()


@pytest.mark.slow
def test_where_code_ran_stands_in_every_record(tmp_path: Path) -> None:
    words = "\n".join(
        f"{section} = {{ {', '.join(f'{k} = {json.dumps(v)}' for k, v in table.items())} }}"
        for section, table in SMALL.items()
    )
    (tmp_path / "x.toml").write_text(words + '\nalgorithm.name = "grpo"\nevaluate = { every = 2, items = 2 }\n')
    for flag, tier in ((["--unsafe-no-sandbox"], "unsafe"), ([], "landlock")):
        out = tmp_path / tier
        assert call("train", str(tmp_path / "x.toml"), "--out", str(out), *flag)[0] == 0
        assert read_json(out / "summary.json")["verifier"] == {"sandbox": tier, "retries": 0}
        assert {row["sandbox"] for row in rows_of(out)} == {tier}
        assert read_json(out / "config.json")["config"]["task"]["unsafe_no_sandbox"] is (tier == "unsafe")
        assert all("cost/verdict_wait_share" in row for row in read_metrics(out / "metrics.jsonl") if row["step"])


def test_a_suite_without_isolation_says_so_in_its_manifest() -> None:
    from rlvr_bench.harness.config.suite_file import RunPlan, load_suite
    from rlvr_bench.harness.runs.planned import UNSAFE_NOTE, manifest

    planned = [RunPlan("learning", "grpo-verifier", config(**SMALL), 60.0)]
    suite = load_suite("hacking")
    assert UNSAFE_NOTE not in manifest(suite, planned, command="", version="").notes
    unsafe = [
        RunPlan(
            "learning", "grpo-verifier", config(**SMALL | {"task": SMALL["task"] | {"unsafe_no_sandbox": True}}), 60.0
        )
    ]
    assert UNSAFE_NOTE in manifest(suite, unsafe, command="", version="").notes


def test_in_a_mixed_suite_the_flag_reaches_the_tasks_that_run_code(tmp_path: Path) -> None:
    from rlvr_bench.harness.config.suite_file import load_suite, plan

    mixed = SUITE.replace(
        "[cells.works]", '[cells.code]\nlabel = "Code"\nrun.task = { name = "program" }\n[cells.works]'
    )
    (tmp_path / "s.toml").write_text(mixed)
    options = {cell.cell: cell.config.task.options for cell in plan(load_suite(str(tmp_path / "s.toml")), unsafe=True)}
    assert options["code"]["unsafe_no_sandbox"] is True
    assert "unsafe_no_sandbox" not in options["works"]


def test_a_task_without_code_refuses_the_flag(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text('task.name = "sort"\nalgorithm.name = "grpo"\n')
    with pytest.raises(ValueError, match="--unsafe-no-sandbox: no task here runs code; leave it out"):
        call("train", str(tmp_path / "x.toml"), "--unsafe-no-sandbox")
