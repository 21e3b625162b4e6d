"""Processes in slots: start what fits, watch, end what takes too long; nothing is left behind."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rlvr_bench.harness.runs.slots import Slot

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Job:
    """A module to run in a process of its own."""

    name: Any
    """What the caller knows it by."""
    module: str
    arguments: Sequence[str]
    log: Path
    """Takes standard output and standard error."""
    threads: int = 0
    timeout_s: float = float("inf")
    after: frozenset[Any] = frozenset()
    """Names of jobs that must have ended before this one starts."""
    before: Callable[[], None] = lambda: None
    """Called just before the process starts."""


@dataclass(frozen=True)
class Ending:
    """How a process ended."""

    job: Job
    code: int
    """Exit status; negative: the signal."""
    timed_out: bool
    seconds: float

    @property
    def last_line(self) -> str:
        """Of what it printed: why it failed, if it did."""
        lines = self.job.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "no reason given"


@dataclass
class _Child:
    job: Job
    slot: Slot
    process: subprocess.Popen[bytes]
    began: float = field(default_factory=time.monotonic)
    timed_out: bool = False

    def ended(self) -> bool:
        if self.process.poll() is None and time.monotonic() - self.began > self.job.timeout_s:
            self.timed_out = True
            self.process.kill()
            self.process.wait()
        return self.process.poll() is not None


def run_jobs(
    jobs: Iterable[Job], slots: Sequence[Slot], *, watch: Callable[[Sequence[Job]], None] = lambda jobs: None
) -> Iterator[Ending]:
    """Run the jobs in their order, as many at once as there are slots; yields each ending when it comes.

    A job that waits for another lets those behind it go first.

    Args:
        watch: called several times a second with the jobs in progress.
    """
    waiting, free = list(jobs), list(slots)
    running: list[_Child] = []
    try:
        while waiting or running:
            while free and (job := _next(waiting, [child.job for child in running])):
                waiting.remove(job)
                running.append(_start(job, free.pop(0)))
            assert running, f"jobs wait for each other: {[job.name for job in waiting]}"
            watch([child.job for child in running])
            for child in [child for child in running if child.ended()]:
                running.remove(child)
                free.insert(0, child.slot)
                yield Ending(child.job, child.process.returncode, child.timed_out, time.monotonic() - child.began)
            if running:
                with suppress(subprocess.TimeoutExpired):
                    running[0].process.wait(timeout=POLL_SECONDS)
    finally:
        for child in running:
            child.process.kill()
            child.process.wait()


def _next(waiting: Sequence[Job], running: Sequence[Job]) -> Job | None:
    """The first that waits for none of those that have not ended."""
    left = [job.name for job in (*waiting, *running)]
    return next((job for job in waiting if not (job.after and any(name in job.after for name in left))), None)


def _start(job: Job, slot: Slot) -> _Child:
    job.before()
    job.log.parent.mkdir(parents=True, exist_ok=True)
    # -P: a folder of the user's that is called like one of our modules is not on the path.
    command = [sys.executable, "-P", "-m", job.module, *job.arguments]
    with job.log.open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=slot.environment(job.threads)
        )
    with suppress(ProcessLookupError):
        slot.pin(process.pid)
    return _Child(job, slot, process)
