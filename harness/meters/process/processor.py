"""How long this process was ready to compute and had no processor: what tells a busy machine from a slow step."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from rlvr_bench.harness.meters.failures import Failures
from rlvr_bench.harness.records import LEFT_OUT, MetricsRow, Phase

THREADS = Path("/proc/self/task")


class ProcessorMeter:
    """Seconds that the process's threads waited in the run queue, over the phases that count as cost.

    Linux keeps them for every thread (the second number of `schedstat`).  A thread that ends takes its own with it, so
    what is counted is that of the threads that live through a phase; torch's do.

    Args:
        threads: what Linux tells of this process's threads; another folder in tests.
    """

    def __init__(self, threads: Path = THREADS) -> None:
        self._failures, self._threads = Failures(), threads
        self._before: dict[str, int] | None = None
        self._nanoseconds: int | None = None

    def __enter__(self) -> Self:
        if not any(self._threads.glob("*/schedstat")):
            self._failures.reasons["processor"] = "the system does not tell how long a thread waited"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to release."""

    def reset(self) -> None:
        self._nanoseconds = None

    def begin(self, phase: Phase) -> None:
        self._before = None if phase in LEFT_OUT else self._failures.ask("processor", self._waited)

    def end(self, phase: Phase) -> None:
        before, self._before = self._before, None
        after = None if before is None else self._failures.ask("processor", self._waited)
        if before is not None and after is not None:
            more = sum(waited - before.get(thread, 0) for thread, waited in after.items())
            self._nanoseconds = (self._nanoseconds or 0) + more

    def _waited(self) -> dict[str, int]:
        """Nanoseconds of each thread since it began, by its id."""
        found = {}
        for thread in self._threads.iterdir():
            try:
                found[thread.name] = int((thread / "schedstat").read_text().split()[1])
            except FileNotFoundError:  # it has ended
                continue
        return found

    def row(self) -> MetricsRow:
        waited, self._nanoseconds = self._nanoseconds, None
        if waited is None and not self._failures.reasons:
            return {}  # no phase that counts
        return {"cost/processor_wait": None if waited is None else waited / 1e9}
