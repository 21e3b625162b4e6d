"""Where runs are placed: cores and GPUs, one slot for each run that may be in progress at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Slot:
    """What one run may use."""

    cores: frozenset[int] | None = None
    """Processor cores; None is all of them."""
    gpu: str | None = None
    """A GPU, as CUDA_VISIBLE_DEVICES names it; None leaves them all visible."""

    def environment(self, threads: int) -> dict[str, str]:
        """Variables of a process in this slot.

        Args:
            threads: that it computes with; 0 is as many as there are cores.
        """
        # Threads that wait for each other by spinning cost a busy machine many times over; these give up soon.
        variables = {"PYTHONHASHSEED": "0", "TOKENIZERS_PARALLELISM": "false", "GOMP_SPINCOUNT": "10000"}
        variables |= dict(os.environ)
        if threads:
            variables["OMP_NUM_THREADS"] = variables["MKL_NUM_THREADS"] = str(threads)
        if self.gpu is not None:
            variables["CUDA_VISIBLE_DEVICES"] = self.gpu
        return variables

    def pin(self, pid: int) -> None:
        """Keep a process, and those that it starts, on the slot's cores, where the system can."""
        if self.cores is not None and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(pid, self.cores)


def cores_here() -> list[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def side_by_side(jobs: int | None = None, devices: Sequence[str] = ()) -> list[Slot]:
    """Slots for runs that share the machine: the cores are dealt to them, and the GPUs in turn.

    Args:
        jobs: how many; one a GPU if there are `devices`, else one a core.
    """
    cores = cores_here()
    count = jobs or len(devices) or len(cores)
    dealt = [frozenset(cores[i::count]) for i in range(count)] if count <= len(cores) else [None] * count
    return [Slot(mine, devices[i % len(devices)] if devices else None) for i, mine in enumerate(dealt)]


def alone(devices: Sequence[str] = (), processes: int = 1) -> list[Slot]:
    """One slot: all cores, and the first GPU, or one for each process of a run."""
    return [Slot(None, ",".join(devices[:processes]) if devices else None)]
