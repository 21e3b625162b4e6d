"""Processes in slots: start what fits, watch, end what takes too long; nothing is left behind."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rlvr_bench.harness.errors import UserError
from rlvr_bench.harness.runs.jobs import GRACE_SECONDS, POLL_SECONDS, Ending, Job, run_on
from rlvr_bench.harness.runs.slots import Slot
from rlvr_bench.harness.state.stop import PARENT


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
    """`run_on` with processes of this machine, as many at once as there are slots."""
    return run_on(Children(slots, lambda processes: slots), jobs, watch)


class Children:
    """The executor `local`: processes of this machine, in order, as many at once as there are slots.

    A job that waits for another lets those behind it go first.

    Args:
        shared: slots of jobs that are placed side by side.
        alone: slots of those that have the machine to themselves, by the processes that such a job starts; they wait
            until all before them have ended.
    """

    def __init__(self, shared: Sequence[Slot], alone: Callable[[int], Sequence[Slot]]) -> None:
        self._shared, self._alone = shared, alone
        self._groups: list[list[Job]] = []
        self._waiting: list[Job] = []
        self._free: list[Slot] = []
        self._running: list[_Child] = []
        self._told: list[Ending] = []
        """Endings of those that were not started."""

    def submit(self, jobs: Sequence[Job]) -> None:
        """See Executor."""
        self._groups = [list(group) for _, group in itertools.groupby(jobs, key=lambda job: (job.alone, job.processes))]
        self._start_what_fits()

    def left(self) -> bool:
        """See Executor."""
        return bool(self._groups or self._waiting or self._running or self._told)

    def running(self) -> list[Job]:
        """See Executor."""
        return [child.job for child in self._running]

    def ended(self) -> list[Ending]:
        """See Executor."""
        if self._running and not self._told:
            with suppress(subprocess.TimeoutExpired):
                self._running[0].process.wait(timeout=POLL_SECONDS)
        told, self._told = self._told, []
        for child in [child for child in self._running if child.ended()]:
            self._running.remove(child)
            self._free.insert(0, child.slot)
            told.append(child.ending())
        self._start_what_fits()
        return told

    def cancel(self) -> None:
        """See Executor."""
        _end(self._running)

    def _start_what_fits(self) -> None:
        if self._groups and not self._waiting and not self._running:
            self._waiting = self._groups.pop(0)
            first = self._waiting[0]
            self._free = list(self._alone(first.processes) if first.alone else self._shared)
        while self._free and (job := _next(self._waiting, self.running())):
            self._waiting.remove(job)
            try:
                self._running.append(_start(job, self._free[0]))
            except UserError as error:
                self._told.append(Ending(job, 2, False, 0.0, refused=str(error)))
            else:
                self._free.pop(0)
        if not self._running and self._waiting:
            raise AssertionError(f"jobs wait for each other: {[job.name for job in self._waiting]}")


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
