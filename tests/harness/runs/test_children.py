"""Processes in slots: as many at once as there are slots, in order; none is left behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.harness.runs.children import run_jobs
from rlvr_bench.harness.runs.jobs import Ending, Job
from rlvr_bench.harness.runs.slots import Slot

ECHO = "print(sys.argv[1:], os.environ.get('OMP_NUM_THREADS'))"
SLEEP = "import time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that runs the text in $SCRIPT."""
    (tmp_path / "scripted.py").write_text("import os, sys\nexec(os.environ['SCRIPT'])\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("SCRIPT", ECHO)
    return "scripted"


def jobs(module: str, folder: Path, *names: str, **options: float) -> list[Job]:
    return [Job(name, module, [str(folder / name)], folder / f"{name}.log", **options) for name in names]  # type: ignore[arg-type]


def test_each_gets_its_arguments_threads_and_log(module: str, tmp_path: Path) -> None:
    ended = list(run_jobs(jobs(module, tmp_path, "a", "b", threads=3), [Slot()]))
    assert [(e.job.name, e.code, e.timed_out) for e in ended] == [("a", 0, False), ("b", 0, False)]
    assert (tmp_path / "b.log").read_text() == f"['{tmp_path / 'b'}'] 3\n"


def test_as_many_at_once_as_slots(module: str, tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def watch(running: Sequence[Job]) -> None:
        seen.append([job.name for job in running])

    ended = list(run_jobs(jobs(module, tmp_path, *"abcde"), [Slot(), Slot()], watch=watch))
    assert sorted(e.job.name for e in ended) == list("abcde")
    assert max(map(len, seen)) == 2
    assert seen[0] == ["a", "b"]


def test_a_job_starts_when_those_that_it_waits_for_have_ended(module: str, tmp_path: Path) -> None:
    """c waits for a and b, and lets d go first; what waits for a name that no job has waits for nothing."""
    a, b, c, d = jobs(module, tmp_path, *"abcd")
    c, d = replace(c, after=frozenset({"a", "b"})), replace(d, after=frozenset({"z"}))
    assert [e.job.name for e in run_jobs([a, c, d, b], [Slot()])] == ["a", "d", "b", "c"]
    with pytest.raises(AssertionError, match="wait for each other"):
        list(run_jobs([replace(a, after=frozenset({"b"})), replace(b, after=frozenset({"a"}))], [Slot()]))


def test_what_takes_too_long_is_ended_and_the_next_goes_on(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPT", f"if sys.argv[1].endswith('slow'): {SLEEP}")
    slow, fast = jobs(module, tmp_path, "slow", timeout_s=1.0), jobs(module, tmp_path, "fast")
    ended = list(run_jobs([*slow, *fast], [Slot()]))
    assert [(e.job.name, e.timed_out, e.code) for e in ended] == [("slow", True, -signal.SIGTERM), ("fast", False, 0)]


def test_nothing_is_left_behind_when_the_caller_stops(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPT", SLEEP)
    pids: list[int] = []

    def interrupt(running: Sequence[Job]) -> None:
        files = [Path(job.arguments[0]) for job in running]
        if len(files) == 2 and all(f.exists() and f.read_text() for f in files):
            pids.extend(int(f.read_text()) for f in files)
            raise KeyboardInterrupt

    def consume() -> list[Ending]:
        return list(run_jobs(jobs(module, tmp_path, "a", "b"), [Slot(), Slot()], watch=interrupt))

    with pytest.raises(KeyboardInterrupt):
        consume()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert len(pids) == 2


def test_a_folder_called_like_our_modules_is_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Children start with a safe path: the working directory is not on it."""
    for name in ("algorithms", "rewards", "harness", "reports", "rlvr_bench"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('a folder of the user')")
    monkeypatch.chdir(tmp_path)
    job = Job("j", "rlvr_bench.harness.runs.process", [], tmp_path / "log")
    (ended,) = run_jobs([job], [Slot()])
    assert ended.code != 0
    assert "not enough values to unpack" in (tmp_path / "log").read_text()


def test_seconds_grow(module: str, tmp_path: Path) -> None:
    began = time.monotonic()
    (ended,) = run_jobs(jobs(module, tmp_path, "a"), [Slot()])
    assert 0 < ended.seconds <= time.monotonic() - began
