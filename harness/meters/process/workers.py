"""The resident sets of the processes that a run has started: workers of its verifiers, and what runs in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from rlvr_bench.harness.meters.failures import Failures
from rlvr_bench.harness.records import MetricsRow, Phase

PROC = Path("/proc")


class WorkersMeter:
    """Adds up what this process's children, and theirs, hold when the phase `reward` begins and when it ends.

    When it begins, verdicts may still be in the making; when it ends, the workers wait for the next step.  No more than
    these two samples a step are taken, because every process has to be asked for.

    Args:
        proc: where Linux tells of processes; another folder in tests.
    """

    def __init__(self, proc: Path = PROC) -> None:
        self._failures, self._proc = Failures(), proc
        self._samples: list[int | None] = []

    def __enter__(self) -> Self:
        if not (self._proc / str(os.getpid()) / "task" / str(os.getpid()) / "children").exists():
            # Said in the summary and not warned of: such a system is not broken.
            self._failures.reasons["workers"] = "the system does not list a process's children in /proc"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to release."""

    def reset(self) -> None:
        self._samples = []

    def begin(self, phase: Phase) -> None:
        self._sample(phase)

    def end(self, phase: Phase) -> None:
        self._sample(phase)

    def _sample(self, phase: Phase) -> None:
        if phase == "reward":
            self._samples.append(self._failures.ask("workers", self._held))

    def _held(self) -> int:
        return sum(resident(pid, self._proc) for pid in set(descendants(os.getpid(), self._proc)))

    def row(self) -> MetricsRow:
        samples, self._samples = self._samples, []
        known = [sample for sample in samples if sample is not None]
        return {"cost/memory/workers": max(known) if len(known) == len(samples) else None} if samples else {}

    def source(self) -> tuple[Literal["rss"] | None, str]:
        """Source, and what it means or why there is none."""
        failure = self._failures.reasons.get("workers")
        if failure:
            return None, failure
        return "rss", "resident sets of child processes, summed, as phase reward begins and ends"


def descendants(pid: int, proc: Path = PROC) -> Iterator[int]:
    """Process ids of the children of all threads of a process, and of theirs."""
    for thread in (proc / str(pid) / "task").glob("*"):
        try:
            children = (thread / "children").read_text().split()
        except OSError:  # it has ended, and its children are another thread's now
            continue
        for child in map(int, children):
            yield child
            yield from descendants(child, proc)


def resident(pid: int, proc: Path = PROC) -> int:
    """Bytes of a process's resident set, shared pages included; 0 of one that has ended."""
    try:
        pages = (proc / str(pid) / "statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
