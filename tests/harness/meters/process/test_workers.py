"""The memory of a run's children: a real tree of processes against psutil, and systems that tell nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from rlvr_bench.harness.meters.process import workers
from rlvr_bench.harness.meters.process.workers import WorkersMeter

MIB = 1 << 20
LISTS_CHILDREN = Path("/proc/thread-self/children").exists()
needs_lists = pytest.mark.skipif(not LISTS_CHILDREN, reason="the system does not list children")
HOLDER = "held = bytearray(b'1') * (48 << 20); print('ready', flush=True); input()"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {HOLDER!r}])"


@pytest.fixture
def tree() -> Iterator[psutil.Process]:
    """A process that waits for its own child, which holds 48 MiB; started by another thread, which goes on."""

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    with ThreadPoolExecutor(1) as thread, thread.submit(start).result() as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield psutil.Process(process.pid)
        process.communicate(b"\n")


def measured(meter: WorkersMeter) -> int | None:
    meter.begin("reward")
    meter.end("reward")
    return meter.row()["cost/memory/workers"]  # type: ignore[return-value]


@needs_lists
def test_children_and_theirs_are_added_up(tree: psutil.Process) -> None:
    with WorkersMeter() as meter:
        found = measured(meter)
        everyone = psutil.Process().children(recursive=True)
        (grandchild,) = tree.children()
        assert {tree.pid, grandchild.pid} <= {process.pid for process in everyone}
        # They wait for a line, so nothing changes between the two readings.
        assert found == sum(process.memory_info().rss for process in everyone) > 48 * MIB
        assert meter.source()[0] == "rss"


@needs_lists
def test_those_that_have_ended_hold_nothing(tree: psutil.Process) -> None:
    with WorkersMeter() as meter:
        before = measured(meter)
        (grandchild,) = tree.children()
        grandchild.kill()
        tree.wait()
        after = measured(meter)
    assert before is not None and after is not None
    assert before - after > 48 * MIB
    assert workers.resident(tree.pid) == 0
    assert list(workers.descendants(tree.pid)) == []


def made(proc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Process 1 is this one, with threads 1 and 5; 7 and 8 are children of either, and 9 of 7.  Pages of 100 bytes."""
    monkeypatch.setattr(workers.os, "getpid", lambda: 1)
    monkeypatch.setattr(workers.os, "sysconf", lambda name: 100)
    for place, text in {"1/task/1": "7 ", "1/task/5": "8 ", "7/task/7": "9 ", "8/task/8": "", "9/task/9": ""}.items():
        (proc / place).mkdir(parents=True)
        (proc / place / "children").write_text(text)
    for pid, pages in {1: 1000, 7: 20, 8: 3, 9: 4}.items():
        (proc / str(pid) / "statm").write_text(f"9999 {pages} 1 1 0 1 0\n")


def test_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, monkeypatch)
    with WorkersMeter(tmp_path) as meter:
        meter.begin("reward")
        (tmp_path / "8/statm").unlink()  # it ends before the second sample
        meter.end("reward")
        assert meter.row() == {"cost/memory/workers": 2700}  # (20 + 3 + 4) x 100, and later 2400
        assert meter.row() == {}


def test_a_thread_that_ends_meanwhile_hides_nobody_elses_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, monkeypatch)
    (tmp_path / "1/task/5/children").unlink()
    assert set(workers.descendants(1, tmp_path)) == {7, 9}


def test_only_in_phase_reward_and_only_of_this_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, monkeypatch)
    with WorkersMeter(tmp_path) as meter:
        meter.begin("score")
        meter.end("score")
        assert meter.row() == {}
        meter.begin("reward")
        meter.reset()
        assert meter.row() == {}


def test_a_system_that_does_not_list_children_is_null_with_a_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with WorkersMeter(tmp_path) as meter:
        assert measured(meter) is None
        assert meter.source() == (None, "the system does not list a process's children in /proc")
    assert not caplog.records


def test_what_cannot_be_read_is_null_with_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, monkeypatch)
    (tmp_path / "7/statm").write_text("")
    with WorkersMeter(tmp_path) as meter:
        assert measured(meter) is None
        assert (meter.source()[0], meter.source()[1].partition(":")[0]) == (None, "IndexError")
