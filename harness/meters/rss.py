"""The resident set of this process, for machines and runs without an NVIDIA GPU."""

from __future__ import annotations

from typing import Literal

from rlvr_bench.harness.meters.failures import Failures
from rlvr_bench.harness.meters.readings import Reading


class RssSource:
    """Resident bytes of this process: models, interpreter and libraries.

    ru_maxrss is not used: it is the peak since the process began and cannot be reset for a phase.
    Freed memory that the C library has not returned yet still counts.
    """

    kind: Literal["nvml", "rss"] = "rss"
    memory_text = "resident set of this process"

    def __init__(self, failures: Failures) -> None:
        import psutil

        self._failures = failures
        self._process = psutil.Process()
        self.baseline = self.sample().memory

    def sample(self) -> Reading:
        return Reading(memory=self._failures.ask("memory", lambda: self._process.memory_info().rss))

    def energy_mj(self) -> int | None:
        return None

    def close(self) -> None:
        pass
