"""Running a suite: fresh processes, failures recorded, nothing done twice.  Children are stand-ins here."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.load import config_hash
from rlvr_bench.harness.config.suite_file import RunPlan
from rlvr_bench.harness.records import (
    Summary,
    only_writer,
    read_json,
    write_json,
)
from rlvr_bench.harness.runs import children, suite
from rlvr_bench.harness.runs.jobs import Ending, Job
from rlvr_bench.harness.runs.suite import RunEnd, run_suite
from tests.harness.small_runs import config

FINISH = """
import sys, pathlib
from rlvr_bench.harness.records import RunLogs, Summary, read_json, write_json
folder, part, cell, how = sys.argv[1:]
folder = pathlib.Path(folder)
RunLogs(folder).step(1, {})
digest = read_json(folder / "config.json")["hash"]
write_json(folder / "summary.json", Summary("completed", how, part, cell, 1, digest, "t", 1.0, 1))
"""
Child = Callable[..., list[RunEnd]]


def planned(*cells: str, timeout_s: float = 60.0) -> list[RunPlan]:
    return [RunPlan("p", cell, config(), timeout_s) for cell in cells]


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    """Run a suite whose children are these scripts, by cell; a cell without one finishes at once."""
    real = subprocess.Popen

    def play(runs: list[RunPlan], *, jobs: int = 1, **scripts: str) -> list[RunEnd]:
        def popen(command: list[str], **options: Any) -> Any:
            assert command[:4] == [sys.executable, "-P", "-m", "rlvr_bench.harness.runs.process"]
            return real([sys.executable, "-c", scripts.get(command[-2], FINISH), *command[4:]], **options)

        ended: list[RunEnd] = []
        monkeypatch.setattr(children.subprocess, "Popen", popen)
        run_suite(tmp_path / "out", runs, jobs=jobs, watch=lambda running: None, done=ended.append)
        return ended

    return play


def ends(ended: list[RunEnd]) -> list[tuple[str, str, bool]]:
    return [(e.run.cell, e.status, e.skipped) for e in ended]


@pytest.mark.parametrize(
    ("script", "status", "reason"),
    [
        ("import os; os.kill(os.getpid(), 9)", "killed", "ended by signal 9"),
        ("import os; os.kill(os.getpid(), 15)", "killed", "ended by signal 15"),
        ("print('words'); raise SystemExit(3)", "failed", "exit status 3 without a summary; see run.log"),
        ("import time; time.sleep(60)", "timeout", "not done after 0 minutes, the part's timeout_minutes"),
    ],
)
def test_a_child_that_dies_is_recorded_and_the_others_go_on(
    script: str, status: str, reason: str, play: Child, tmp_path: Path
) -> None:
    runs = planned("a", "bad", "c", timeout_s=0.6 if status == "timeout" else 60.0)
    runs = [RunPlan(r.part, r.cell, r.config, r.timeout_s if r.cell == "bad" else 60.0) for r in runs]
    ended = play(runs, bad=script)
    assert ends(ended) == [("a", "completed", False), ("bad", status, False), ("c", "completed", False)]
    summary = Summary.from_json(read_json(tmp_path / "out/p/bad/seed-1/summary.json"))
    assert (summary.status, summary.cell, summary.part, summary.seed) == (status, "bad", "p", 1)
    assert summary.reason.startswith(reason)
    if status == "failed":
        assert (tmp_path / "out/p/bad/seed-1/run.log").read_text() == "words\n"


def test_runs_side_by_side_and_runs_alone_both_end(play: Child) -> None:
    shared = [RunPlan("p", cell, config(), 60.0, alone=False) for cell in "abc"]
    ended = play([*shared, *planned("d")], jobs=2)
    assert sorted(ends(ended)[:3]) == [(cell, "completed", False) for cell in "abc"]
    assert ends(ended)[3:] == [("d", "completed", False)]


def test_resuming_skips_what_is_final_and_runs_the_rest_again(play: Child, tmp_path: Path) -> None:
    assert ends(play(planned("a", "b"), b="raise SystemExit(1)")) == [("a", "completed", False), ("b", "failed", False)]
    assert ends(play(planned("a", "b"))) == [("a", "completed", True), ("b", "completed", False)]
    aside = tmp_path / "out/p/b/seed-1.try-1/summary.json"
    assert read_json(aside)["status"] == "failed"
    assert ends(play(planned("a", "b"))) == [("a", "completed", True), ("b", "completed", True)]


@pytest.mark.parametrize(
    ("status", "skipped"), [("diverged", True), ("oom", True), ("running", False), ("killed", False)]
)
def test_divergence_and_lack_of_memory_are_results(status: Any, skipped: bool, play: Child, tmp_path: Path) -> None:
    folder = tmp_path / "out/p/a/seed-1"
    folder.mkdir(parents=True)
    write_json(folder / "summary.json", Summary(status, "", "p", "a", 1, config_hash(config()), "t", 1.0, 1))
    assert [e.skipped for e in play(planned("a"))] == [skipped]


def test_base_models_are_measured_before_the_first_run_also_of_finished_ones(
    play: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[list[str], bool]] = []

    def measured(out: Path, runs: Sequence[RunPlan], slots: Any, *, notice: Any) -> None:
        seen.append(([run.cell for run in runs], (out / "p/b").exists()))

    monkeypatch.setattr(suite, "measure_base_models", measured)
    play(planned("a"))
    play(planned("a", "b"))
    assert seen == [(["a"], False), (["a", "b"], False)]


def test_a_longer_run_is_done_again_and_an_equal_one_is_not(play: Child) -> None:
    assert ends(play(planned("a"))) == [("a", "completed", False)]
    longer = [RunPlan("p", "a", config(train={"steps": 9}), 60.0)]
    assert ends(play(longer)) == [("a", "completed", False)]
    assert ends(play(longer)) == [("a", "completed", True)]


def test_a_run_that_has_a_checkpoint_goes_on_from_it(
    play: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(planned("a", "b"), a="raise SystemExit(1)", b="raise SystemExit(1)")
    monkeypatch.setattr(suite.checkpoint, "latest", lambda folder: folder if "/a/" in str(folder) else None)
    assert [(e.run.cell, e.reason) for e in play(planned("a", "b"))] == [("a", "resume"), ("b", "new")]
    assert [path.name for path in (tmp_path / "out/p/a").iterdir()] == ["seed-1"]


def test_a_folder_that_is_being_written_is_left_alone(
    play: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(planned("a"), a="raise SystemExit(1)")
    folder = tmp_path / "out/p/a/seed-1"
    monkeypatch.setattr(suite, "GRACE_SECONDS", 0.2)
    with only_writer(folder):
        ended = play(planned("a", "b"))
    assert ends(ended) == [("a", "failed", False), ("b", "completed", False)]
    assert "another process writes to it; wait for it to end" in ended[0].reason
    assert read_json(folder / "summary.json")["reason"] == "exit status 1 without a summary; see run.log"


def test_a_run_that_was_killed_with_its_suite_says_so(
    play: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(executor: Any, jobs: Any, *_: Any) -> Any:
        folder = Path(jobs[0].arguments[0])
        folder.mkdir(parents=True)
        write_json(folder / "summary.json", Summary("running", "", "p", "a", 1, "h", "t", 1.0, 1))
        raise KeyboardInterrupt

    monkeypatch.setattr(suite, "run_on", interrupted)
    with pytest.raises(KeyboardInterrupt):
        play(planned("a"))
    summary = read_json(tmp_path / "out/p/a/seed-1/summary.json")
    assert (summary["status"], summary["reason"]) == ("killed", "ended with its suite, in the middle of a step")


class Elsewhere:
    """An executor none of whose machines answers; knows what it was given."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def submit(self, jobs: Sequence[Job]) -> None:
        self.jobs = list(jobs)
        self.given = self.jobs[:]

    def left(self) -> bool:
        return bool(self.jobs)

    def running(self) -> list[Job]:
        return []

    def ended(self) -> list[Ending]:
        return [Ending(self.jobs.pop(0), -1, False, 0.0, lost="its machine failed")]

    def cancel(self) -> None:
        pass


def test_runs_go_to_the_executor_and_one_that_it_lost_was_killed(tmp_path: Path) -> None:
    where, ended = Elsewhere(), []
    devices = {"a": "cpu", "b": "auto"}
    runs = [RunPlan("p", c, config(model={"device": d}), 90.0, alone=c == "a") for c, d in devices.items()]
    run_suite(tmp_path, runs, executor=where, watch=lambda running: None, done=ended.append)
    assert [(j.alone, j.gpus, j.timeout_s) for j in where.given] == [(True, 0, 90.0), (False, None, 90.0)]
    assert [(e.run.cell, e.status, e.reason) for e in ended] == [(c, "killed", "its machine failed") for c in "ab"]


def test_a_run_that_was_never_begun_leaves_nothing_aside(play: Child, tmp_path: Path) -> None:
    folder = tmp_path / "out/p/a/seed-1"
    suite._make_folder(folder, planned("a")[0])
    assert ends(play(planned("a"))) == [("a", "completed", False)]
    assert [path.name for path in folder.parent.iterdir()] == ["seed-1"]


def test_runs_about_costs_are_asked_for_their_plan(tmp_path: Path) -> None:
    (run,) = planned("a")
    assert suite._job(tmp_path, run).arguments[-1] == "new"
    assert suite._job(tmp_path, replace(run, planned=True)).arguments[-2:] == ["new", "plan"]
