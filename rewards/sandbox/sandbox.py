"""Untrusted jobs run in a pool of confined workers, of the first tier that passes its self-test."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rlvr_bench.rewards.sandbox import tiers, values
from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable
from rlvr_bench.rewards.sandbox.scratch import Scratch, remove_tree
from rlvr_bench.rewards.sandbox.selftest import self_test
from rlvr_bench.rewards.sandbox.tiers import DEFAULT_TIERS, Tier
from rlvr_bench.rewards.workers.pool import Pool, encode_job
from rlvr_bench.rewards.workers.worker import Launch, Reply, WorkerDied

MEMORY_BYTES = 512 << 20


class Sandbox:
    """Runs untrusted code.  Thread-safe; `open_sandbox` makes one that has been tested."""

    def __init__(self, tier: Tier, *, workers: int | None = None, memory_bytes: int = MEMORY_BYTES) -> None:
        self.tier: Tier = tier
        self.memory_bytes = memory_bytes
        self._count = itertools.count()
        self.pool = Pool(self._launch, workers or worker_count(memory_bytes))
        # Last, since an error after it would leave the folder behind.
        self._scratch = Scratch() if tier in ("landlock", "unsafe") else None

    def _launch(self) -> Launch:
        if self._scratch is None:
            return tiers.launch(self.tier, memory_bytes=self.memory_bytes, scratch="/tmp")
        scratch = os.path.join(self._scratch.path, str(next(self._count)))
        os.mkdir(scratch, 0o700)
        launch = tiers.launch(self.tier, memory_bytes=self.memory_bytes, scratch=scratch)
        return replace(launch, after=lambda: remove_tree(scratch))

    def run(self, job: dict[str, Any], seconds: float) -> Reply:
        """Run one job (see `rlvr_bench.rewards.sandbox.inside`) in a fresh process.

        Raises:
            WorkerDied: the workers failed, several times.
        """
        return self.pool.run(encode_job({**job, "seconds": seconds}), seconds)

    def call(self, code: str, entry: str, args: Sequence[Any], *, seconds: float) -> Reply:
        """Load code and call one of its functions, once."""
        case = {"args": values.encode(list(args)), "kwargs": values.encode({})}
        return self.run({"mode": "call", "code": code, "entry": entry, "cases": [case]}, seconds)

    def close(self) -> None:
        """End the workers and remove their files.  Idempotent."""
        self.pool.close()
        if self._scratch is not None:
            self._scratch.remove()


def open_sandbox(
    wanted: Sequence[Tier] = DEFAULT_TIERS,
    *,
    unsafe: bool = False,
    workers: int | None = None,
    memory_bytes: int = MEMORY_BYTES,
) -> Sandbox:
    """The first of the wanted tiers that passes its self-test.

    Args:
        unsafe: the explicit override `--unsafe-no-sandbox`: no isolation, no test.  The sandbox's `tier` says so
            and must be recorded.
    Raises:
        SandboxUnavailable: none passes.  There is never a silent downgrade.
    """
    if unsafe:
        return Sandbox("unsafe", workers=workers, memory_bytes=memory_bytes)
    failures: dict[str, str] = {}
    leaking: list[str] = []
    for tier in wanted:
        if tier == "unsafe":
            raise ValueError("no isolation is asked for by `unsafe=True`, not as a tier")
        try:
            sandbox = Sandbox(tier, workers=workers, memory_bytes=memory_bytes)
        except (OSError, AttributeError) as error:  # no scratch folder can be made, or not Linux
            failures[tier] = str(error)
            continue
        try:
            failure = self_test(sandbox)
            leaking += [tier] if failure is not None else []
        except (WorkerDied, OSError, AttributeError) as error:
            failure = str(error)
        except BaseException:
            sandbox.close()
            raise
        if failure is None:
            return sandbox
        sandbox.close()
        failures[tier] = failure
    raise SandboxUnavailable(failures, leaking)


def worker_count(memory_bytes: int) -> int:
    """The number of cores, or fewer so that all workers at their memory limit fill half of the free memory."""
    free = memory_bytes
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith("MemAvailable:"):
                free = int(line.split()[1]) << 10
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                text = file.read().strip()
            free = min(free, int(text)) if text.isdigit() else free
    return max(1, min(len(os.sched_getaffinity(0)), free // 2 // memory_bytes))
