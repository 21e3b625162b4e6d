"""Processes in slots: start what fits, watch, end what takes too long; nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.runs.slots import Slot
from rlvr_bench.harness.state.stop import PARENT

POLL_SECONDS = 0.2
GRACE_SECONDS = 60.0
"""A process that is asked to stop has so long to finish its step and save."""


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
    """Called just before the process starts; a UserError of it is the job's ending."""


@dataclass(frozen=True)
class Ending:
    """How a process ended."""

    job: Job
    code: int
    """Exit status; negative: the signal."""
    timed_out: bool
    seconds: float
    out_of_memory: bool = False
    """Whether the system killed it because there was no memory left."""

    refused: str = ""
    """Why it was not started."""

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
    kills: int
    """Processes that the system had killed for want of memory before it began."""
    began: float = field(default_factory=time.monotonic)
    asked: float = 0.0
    """When it was asked to stop."""

    @property
    def timed_out(self) -> bool:
        return bool(self.asked)

    def ended(self) -> bool:
        if self.process.poll() is None:
            now = time.monotonic()
            if self.asked and now - self.asked > GRACE_SECONDS:
                self.process.kill()
            elif not self.asked and now - self.began > self.job.timeout_s:
                self.asked = now
                self.process.terminate()
        return self.process.poll() is not None

    def ending(self) -> Ending:
        code = self.process.returncode
        killed = code == -signal.SIGKILL and memory_kills() > self.kills
        return Ending(self.job, code, self.timed_out, time.monotonic() - self.began, killed)


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
                try:
                    running.append(_start(job, free[0]))
                except UserError as error:
                    yield Ending(job, 2, False, 0.0, refused=str(error))
                else:
                    free.pop(0)
            if not running and not waiting:
                break
            assert running, f"jobs wait for each other: {[job.name for job in waiting]}"
            watch([child.job for child in running])
            for child in [child for child in running if child.ended()]:
                running.remove(child)
                free.insert(0, child.slot)
                yield child.ending()
            if running:
                with suppress(subprocess.TimeoutExpired):
                    running[0].process.wait(timeout=POLL_SECONDS)
    finally:
        _end(running)


def _end(children: Sequence[_Child]) -> None:
    """Ask all to stop; after the grace, or at a second signal, they are killed."""
    try:
        for child in children:
            child.process.terminate()
        until = time.monotonic() + GRACE_SECONDS
        for child in children:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(timeout=max(0.0, until - time.monotonic()))
    finally:
        for child in children:
            child.process.kill()
            child.process.wait()


def memory_kills() -> int:
    """Processes that the system has killed for want of memory; 0 where it does not tell."""
    with suppress(OSError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0


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
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=slot.environment(job.threads) | {PARENT: str(os.getpid())},
            start_new_session=True,  # Ctrl-C reaches this process alone, which asks the others to stop
        )
    with suppress(ProcessLookupError):
        slot.pin(process.pid)
    return _Child(job, slot, process, memory_kills())
