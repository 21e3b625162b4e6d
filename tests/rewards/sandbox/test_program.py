"""The locks, the file and the end that a child gives a program, beside those of a plain interpreter."""

from __future__ import annotations

import _multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.rewards.sandbox.program import FLUSH_FAILED, ThreadSemaphore, file_of

RECURSIVE, COUNTING = 0, 1
Steps = Callable[[Any], list[Any]]


def attempt(action: Callable[[], object]) -> object:
    try:
        return action()
    except (AssertionError, ValueError) as error:
        return type(error).__name__, str(error)


def elsewhere(action: Callable[[], object]) -> object:
    """What an action gives in another thread."""
    got: list[object] = []
    thread = threading.Thread(target=lambda: got.append(attempt(action)))
    thread.start()
    thread.join()
    return got[0]


def facts(lock: Any) -> list[Any]:
    return [lock._count(), lock._is_mine(), lock._get_value(), lock._is_zero()]


SEQUENCES: dict[str, tuple[int, int, int, Steps]] = {
    "recursive": (RECURSIVE, 1, 1, lambda x: [
        x.acquire(), x.acquire(timeout=0.01), facts(x), elsewhere(lambda: x.acquire(block=False)),
        elsewhere(x.release), x.release(), facts(x), elsewhere(x._is_mine), x.release(), facts(x),
        attempt(x.release), elsewhere(lambda: [x.acquire(), facts(x), x.release()]),
    ]),
    "lock": (COUNTING, 1, 1, lambda x: [
        x.acquire(), facts(x), x.acquire(block=False), x.acquire(True, 0.01), x.acquire(timeout=-1.0),
        elsewhere(lambda: x.acquire(True, 0.01)), elsewhere(x.release), facts(x), attempt(x.release),
        x.__enter__(), facts(x), x.__exit__(None, None, None), facts(x),
    ]),
    "semaphore": (COUNTING, 2, 3, lambda x: [
        facts(x), x.acquire(), x.acquire(), facts(x), x.acquire(block=False, timeout=None), x.release(), x.release(),
        x.release(), facts(x), attempt(x.release), x.kind, x.maxvalue, x.SEM_VALUE_MAX,
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_semaphore_does_what_the_systems_own_does(name: str) -> None:
    kind, value, most, steps = SEQUENCES[name]
    theirs = _multiprocessing.SemLock(kind, value, most, f"/rlvr-{os.getpid()}-{name}", True)
    assert steps(ThreadSemaphore(kind, value, most, "name", True)) == steps(theirs)


def test_a_waiting_thread_gets_it_when_it_is_free() -> None:
    lock = ThreadSemaphore(COUNTING, 0, 1, "name", True)
    threading.Timer(0.05, lock.release).start()
    assert lock.acquire(timeout=10)


def test_a_programs_file_is_there_where_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert file_of("print(1)\n") == str(tmp_path / "solution.py") and not os.listdir(tmp_path)
    code = "print(__file__, 'é\ud800')\n"
    assert Path(file_of(code)).read_bytes() == code.encode("utf-8", "surrogatepass")


def ended(code: str) -> tuple[bytes, int]:
    """Output and exit status of a program whose only end is ours."""
    head = f"from rlvr_bench.rewards.sandbox import program\nimport os\nexec({code!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{head}os._exit(program.end({code!r}))"], capture_output=True, check=False, timeout=60,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )  # fmt: skip
    return done.stdout, done.returncode


@pytest.mark.parametrize(
    ("code", "output"),
    [
        ("print(1)", b"1\n"),
        ("f = open(1, 'w'); f.write('1')", b"1"),
        ("import atexit; atexit.register(print, 1)", b"1\n"),
        ("import ctypes; ctypes.CDLL(None).puts(b'1')", b"1\n"),
        ("import threading; threading.Timer(0.05, print, [1]).start()", b"1\n"),
    ],
)
def test_the_end_writes_out_what_is_held(code: str, output: bytes) -> None:
    assert ended(code)[0] == output


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.stdout = open('/dev/full', 'w'); print(1)",
        "import sys\nclass Out:\n    closed = False\n    def flush(self): raise SystemExit(0)\nsys.stdout = Out()",
    ],
)
def test_a_failure_at_the_end_is_the_exit_status(code: str) -> None:
    assert ended("pass")[1] == 0
    assert ended(code)[1] == FLUSH_FAILED
