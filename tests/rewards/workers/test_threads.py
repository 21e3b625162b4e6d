"""Threads counted from outside."""

from __future__ import annotations

import builtins
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from rlvr_bench.rewards.workers import threads
from rlvr_bench.rewards.workers.threads import MAX_THREADS, ThreadCap

# A parent whose child has as many threads as it is told; each says that it is ready.
PROGRAM = """
import os, subprocess, sys, threading, time
threading.stack_size(1 << 16)
if len(sys.argv) == 2:
    for _ in range(int(sys.argv[1])): threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    print(os.getpid(), flush=True)
    time.sleep(600)
else:
    child = subprocess.Popen([sys.executable, __file__, sys.argv[2]], stdout=subprocess.PIPE)
    print(child.stdout.readline().decode().strip(), flush=True)
    sys.exit(child.wait() != -9)
"""


@pytest.fixture
def family(tmp_path: Any, request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A process, and the id of its child with so many threads beside its own."""
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, str(tmp_path / "program.py"), "parent", str(request.param)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        yield parent, child
        for pid in (child, parent.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("family", [7], indirect=True)
def test_the_threads_of_a_child_are_counted(family: tuple[subprocess.Popen[bytes], int]) -> None:
    parent, child = family
    assert list(threads.descendants(parent.pid)) == threads.children(parent.pid) == [child]
    assert child in threads.descendants(os.getpid())
    assert threads.threads(child) == 8
    assert threads.children(child) == []


@pytest.mark.parametrize("family", [MAX_THREADS - 1, MAX_THREADS], indirect=True)
def test_a_child_over_the_cap_is_killed_and_one_at_it_is_not(family: tuple[subprocess.Popen[bytes], int]) -> None:
    parent, child = family
    cap = ThreadCap(parent.pid)
    over = threads.threads(child) > MAX_THREADS
    cap.look()
    assert cap.exceeded is over
    if over:
        assert parent.wait(20) == 0  # which says that its child was killed
    else:
        assert parent.poll() is None


@pytest.mark.parametrize("family", [MAX_THREADS], indirect=True)
def test_a_kernel_without_lists_of_children_is_searched(
    family: tuple[subprocess.Popen[bytes], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, child = family
    real = builtins.open

    def without_lists(path: Any, *args: Any, **options: Any) -> Any:
        if str(path).endswith("/children"):
            raise FileNotFoundError(2, "no such file", path)
        return real(path, *args, **options)

    monkeypatch.setattr(builtins, "open", without_lists)
    assert threads.children(parent.pid) == [child]
    cap = ThreadCap(parent.pid)
    cap.look()
    assert cap.exceeded


def test_a_process_that_is_gone_has_neither_threads_nor_children() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert (threads.threads(gone.pid), threads.children(gone.pid)) == (0, [])
