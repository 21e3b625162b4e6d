"""What a suite has to run, and what runs it: one protocol for this machine's processes and for schedulers of many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

POLL_SECONDS = 0.2
GRACE_SECONDS = 60.0
"""A process that is asked to stop has so long to finish its step and save."""


def _nothing() -> None:
    pass


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
    before: Callable[[], None] = _nothing
    """Called just before the process starts, on the machine where it does; a UserError of it is the job's ending."""
    alone: bool = False
    """Whether it has its machine to itself."""
    processes: int = 1
    """How many it starts, each of which takes a GPU where there are any."""
    gpus: int | None = 0
    """How many it needs; None: it takes one where there is one.  Of this machine's, a slot says which."""


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
    lost: str = ""
    """What is known of one that is gone without an exit status."""

    @property
    def last_line(self) -> str:
        """Of what it printed: why it failed, if it did."""
        lines = self.job.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "no reason given"


class Executor(Protocol):
    """Where jobs are run: submitted, watched and, whatever is left of them, cancelled."""

    def submit(self, jobs: Sequence[Job]) -> None:
        """Take them on, in their order; called once.

        Raises:
            UserError: none of them can be started, and why.
        """
        ...

    def left(self) -> bool:
        """Whether there are jobs whose ending has not been told yet."""
        ...

    def running(self) -> list[Job]:
        """Those in progress."""
        ...

    def ended(self) -> list[Ending]:
        """How those ended that did so since the last call; waits a moment where there is none."""
        ...

    def cancel(self) -> None:
        """Ask what is left to stop, wait until it has (no longer than the grace), and let go of it."""
        ...


def run_on(
    executor: Executor, jobs: Iterable[Job], watch: Callable[[Sequence[Job]], None] = lambda jobs: None
) -> Iterator[Ending]:
    """Run the jobs; yields each ending when it comes, and leaves nothing behind.

    Args:
        watch: called several times a second with the jobs in progress.
    """
    try:
        executor.submit(list(jobs))
        while executor.left():
            watch(executor.running())
            yield from executor.ended()
    finally:
        executor.cancel()
