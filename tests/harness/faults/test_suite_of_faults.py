"""A suite in which all goes wrong that can: every fault is an outcome, and --resume brings it to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from rlvr_bench.harness.records import Summary, read_json, read_metrics

SUITE = """
name = "faults"
title = "Faults"
[base]
task = { name = "letter" }
algorithm = { name = "faulty" }
model = { name = "tiny:16x1" }
rollout = { prompts = 4, group_size = 4, max_tokens = 2 }
train = { steps = 6, checkpoint_every = 1 }
evaluate = { every = 3, items = 4, samples = 2, k = [2] }
reward = { deadline_s = 3.0 }
measure = { base_items = 0 }
[parts.p]
kind = "learning"
title = "P"
seeds = [1]
timeout_minutes = 5
[cells.oom]
label = "Out of memory"
run.algorithm = { fault = "oom" }
[cells.nan]
label = "Not a number"
run.algorithm = { fault = "nan" }
[cells.killed]
label = "Killed once"
run.algorithm = { fault = "kill", at = 4 }
[cells.hangs]
label = "The verifier hangs"
run.task = { hangs = true }
[cells.bad]
label = "More labels than its base model can give"
run.reward = { source = "learned", label_pairs = 24, label_prompts = 8, label_samples = 4 }
[cells.slow]
label = "In progress at the power cut"
run.algorithm = { fault = "slow" }
""" + "".join(f'[cells.good-{i}]\nlabel = "Good {i}"\nrun.algorithm = {{ kl_coef = 0.0{i} }}\n' for i in range(1, 7))
EXPECTED = {"oom": "oom", "nan": "diverged", "hangs": "failed", "bad": "failed"}


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The suite's command line, in a place where the plugins of `plugins.py` are installed."""
    info = tmp_path / "site" / "faults-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: faults\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[rlvr_bench.tasks]\nletter = faulty_plugins:Letter\n[rlvr_bench.algorithms]\nfaulty = faulty_plugins:Faulty\n"
    )
    (tmp_path / "site" / "faulty_plugins.py").write_bytes(Path(__file__).with_name("plugins.py").read_bytes())
    (tmp_path / "faults").mkdir()
    (tmp_path / "suite.toml").write_text(SUITE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    monkeypatch.setenv("FAULTS", str(tmp_path / "faults"))
    monkeypatch.setenv("RLVR_BENCH_CACHE", str(tmp_path / "cache"))
    words = ["-m", "rlvr_bench.harness.cli", "run", str(tmp_path / "suite.toml"), "--out", str(tmp_path / "out")]
    return [sys.executable, "-P", *words]


def summaries(out: Path) -> dict[str, Summary]:
    return {p.parts[-3]: Summary.from_json(read_json(p)) for p in out.glob("p/*/seed-1/summary.json")}


def wait_until(true: object, seconds: float = 300.0) -> None:
    until = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.slow
def test_twelve_cells_survive(command: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    slow = out / "p/slow/seed-1"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as suite:
        wait_until(lambda: (slow / "metrics.jsonl").exists() and len(read_metrics(slow / "metrics.jsonl")) > 2)
        suite.kill()
    wait_until(lambda: not _children_of(out))
    metrics = slow / "metrics.jsonl"
    metrics.write_bytes(metrics.read_bytes() + b'{"step": 4, "torn')  # what a power cut leaves
    done = [cell for cell, one in summaries(out).items() if one.status in ("completed", "diverged", "oom")]
    assert {"oom", "nan"} <= set(done) and len(done) < 12
    assert summaries(out)["killed"].status == "killed"

    again = subprocess.run([*command, "--resume"], capture_output=True, text=True, timeout=600)
    found = summaries(out)
    expected = dict.fromkeys(found, "completed") | EXPECTED
    assert {cell: one.status for cell, one in found.items()} == expected
    assert len(found) == 12 and again.returncode == 1
    assert "FirstCharacter) gave no verdicts on 8 completions within 3 s" in found["hangs"].reason
    assert "reward.label_pairs: 24 asked for" in found["bad"].reason
    assert (found["killed"].resumed, found["slow"].resumed) == (1, 1)
    for cell in ("killed", "slow", "good-1"):
        rows = read_metrics(out / f"p/{cell}/seed-1/metrics.jsonl")
        assert [row["step"] for row in rows] == list(range(7))
    assert "finished before" in again.stderr
    assert (out / "report/report.html").stat().st_size > 10_000


def _children_of(out: Path) -> list[str]:
    """Processes that still write there."""
    lines = [" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]
    return [line for line in lines if "runs.process" in line and str(out) in line]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_suite_and_its_children_and_says_how_to_go_on(
    number: signal.Signals, command: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    only = [*command, "--set", "algorithm.fault=slow", "--set", "train.steps=100"]
    with subprocess.Popen(only, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as suite:
        wait_until(lambda: len(list(out.glob("p/*/seed-1/metrics.jsonl"))) > 1 or suite.poll() is not None)
        time.sleep(2)
        os.kill(suite.pid, number)
        _, errors = suite.communicate(timeout=120)
    assert suite.returncode == 128 + number
    assert "interrupted; go on with: rlvr-bench run" in errors and "--resume" in errors
    assert not _children_of(out)
    stopped = [one for one in summaries(out).values() if one.status == "killed"]
    assert stopped and all(one.reason.startswith("SIGTERM after step") for one in stopped)
    assert not any(one.status == "running" for one in summaries(out).values())
