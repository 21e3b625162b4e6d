"""Waiting for what another process does."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import psutil


def wait_until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Return as soon as the condition holds; the seconds are only a safety net."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never held"
        time.sleep(0.01)


def lives(process: psutil.Process) -> bool:
    """A zombie does not: who reaps it is up to the machine's init."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill(pid: int) -> None:
    """Kill a process and return when it has ended: a process namespace ends some time after the signal."""
    process = psutil.Process(pid)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not lives(process))
