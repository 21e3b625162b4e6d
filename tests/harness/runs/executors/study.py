"""A study of four runs through a real scheduler: one is killed in its middle, then the command, then all is made up."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rlvr_bench.harness.records import Summary, count_metrics, is_live, read_json, read_metrics

SUITE = """
name = "spread"
title = "A study over machines"

[base]
task = { name = "sort", min_digits = 3, max_digits = 4 }
model = { name = "tiny:16x1" }
warm_start = { steps = 20, batch = 8 }
rollout = { prompts = 2, group_size = 4, max_tokens = 12 }
train = { steps = 60, checkpoint_every = 1 }
evaluate = { every = 30, items = 4, samples = 4 }
measure = { base_items = 0 }

[cells.grpo]
label = "GRPO"
run = { algorithm = { name = "grpo" } }

[cells.ppo]
label = "PPO"
run = { algorithm = { name = "ppo" } }

[parts.learning]
kind = "learning"
title = "Learning"
seeds = [1, 2]
timeout_minutes = 5
"""
STEPS = 60
PATIENCE_SECONDS = 240.0
CELLS = ("grpo", "ppo")


class Study:
    """The command and what it has written.

    Args:
        root: the working directory; the results are in root/out.
        options: of `rlvr-bench run`.
    """

    def __init__(self, root: Path, *options: str) -> None:
        self.out = root / "out"
        self._root, self._options = root, options
        (root / "suite.toml").write_text(SUITE)

    def start(self, *more: str) -> subprocess.Popen[str]:
        """`rlvr-bench run`, in the background, with its output in root/said."""
        command = [sys.executable, "-m", "rlvr_bench.harness.cli", "run", "suite.toml", "--out", "out", *self._options]
        environment = dict(os.environ) | {"RLVR_BENCH_CACHE": str(self._root / "cache"), "OMP_NUM_THREADS": "1"}
        with (self._root / "said").open("w") as said:
            return subprocess.Popen(
                [*command, *more], cwd=self._root, env=environment, stdout=said, stderr=said, text=True
            )

    @property
    def said(self) -> str:
        return (self._root / "said").read_text()

    def folders(self) -> list[Path]:
        return sorted(self.out.glob("learning/*/seed-[12]"))

    def in_the_middle(self) -> list[Path]:
        """Runs that have done some steps and are at it."""
        return [f for f in self.folders() if is_live(f) and 3 <= count_metrics(f / "metrics.jsonl") < STEPS // 2]

    def summaries(self) -> dict[Path, Summary]:
        return {
            f: Summary.from_json(read_json(f / "summary.json")) for f in self.folders() if (f / "summary.json").exists()
        }


def until(condition: Callable[[], object], process: subprocess.Popen[str], study: Study) -> None:
    """Wait until it is so while the command goes on."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert process.poll() is None, study.said
        assert time.monotonic() < end, study.said
        time.sleep(0.1)


def kill_and_make_up(study: Study, kill: Callable[[Path], None]) -> None:
    """Kill a run, see that the others go on, end the command, see that nothing is left, and resume to the end.

    Args:
        kill: ends the job of the run in a folder, by the scheduler's own means.
    """
    command = study.start()
    until(study.in_the_middle, command, study)
    victim = study.in_the_middle()[0]
    kill(victim)
    until(lambda: re.search(f"killed .*{victim.relative_to(study.out)}", study.said), command, study)
    until(lambda: [f for f in study.in_the_middle() if f != victim], command, study)
    assert study.summaries()[victim].status == "killed"

    command.send_signal(signal.SIGTERM)
    assert command.wait(timeout=PATIENCE_SECONDS) == 128 + signal.SIGTERM
    assert re.search(r"go on with: rlvr-bench run suite.toml .*--executor \w+ .*--out out --resume", study.said)
    assert not [folder for folder in study.folders() if is_live(folder)]
    before = study.summaries()
    assert before[victim].steps_done < STEPS
    assert {summary.status for summary in before.values()} <= {"killed", "completed"}
    assert (
        sum(summary.status == "killed" for summary in before.values()) >= 2
    )  # that one, and what ended with the command

    assert study.start("--resume").wait(timeout=PATIENCE_SECONDS) == 0, study.said
    after = study.summaries()
    assert [f.relative_to(study.out).parts[1:] for f in after] == [(c, f"seed-{s}") for c in CELLS for s in (1, 2)]
    for folder, summary in after.items():
        assert (summary.status, summary.steps_done) == ("completed", STEPS)
        assert [row["step"] for row in read_metrics(folder / "metrics.jsonl")] == list(range(STEPS + 1))
        if folder in before and before[folder].status == "completed":
            assert summary == before[folder]
    assert after[victim].resumed == 1
    assert (study.out / "report/report.html").exists()
