"""The executor `ray`: a remote task a run, with its cores and GPUs, on a Ray cluster that is there already."""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.runs.executors.remote import here, in_progress, lost, run_there, told
from rlvr_bench.harness.runs.jobs import GRACE_SECONDS, POLL_SECONDS, Ending, Job

KEYS: dict[str, type] = {
    "address": str,  # HOST:PORT of the cluster's head; by default RAY_ADDRESS, or the cluster of this machine
    "cpus": int,  # of a run; by default as many as it has threads
    "gpus": int,  # of a run whose model.device is auto
}


class Ray:
    """See `Executor`.

    Args:
        settings: of KEYS.
    Raises:
        ConfigError: Ray is not installed, or no cluster answers.
    """

    def __init__(self, settings: Mapping[str, str | int]) -> None:
        try:
            ray = importlib.import_module("ray")
        except ImportError:
            raise ConfigError(["--executor ray: Ray is not installed: pip install 'rlvr-bench[ray]'"]) from None
        self._ray: Any = ray
        self._settings = settings
        address = settings.get("address", "auto")
        try:
            ray.init(address=str(address), log_to_driver=False, logging_level="error")
        except (ConnectionError, RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ConfigError(
                [f"--executor ray: no cluster at {address} ({reason}); start one with `ray start --head`"]
            ) from None
        self._left: dict[Any, Job] = {}

    def submit(self, jobs: Sequence[Job]) -> None:
        """See Executor."""
        task, place = self._ray.remote(run_there), here()
        for job in jobs:
            cores, gpus = self._cores(job), self._settings.get("gpus", 0) if job.gpus is None else job.gpus
            # No retries: what runs twice would write over its own records.
            asked = task.options(num_cpus=cores, num_gpus=gpus, max_retries=0, name=f"rlvr-bench {job.log.parent}")
            self._left[asked.remote(job, place)] = job

    def left(self) -> bool:
        """See Executor."""
        return bool(self._left)

    def running(self) -> list[Job]:
        """See Executor."""
        return in_progress(list(self._left.values()))

    def ended(self) -> list[Ending]:
        """See Executor."""
        return [self._ending(handle, self._left.pop(handle)) for handle in self._ready()]

    def cancel(self) -> None:
        """See Executor."""
        for handle in self._left:
            self._ray.cancel(handle, force=False)  # raises KeyboardInterrupt there, and the run is asked to stop
        until = time.monotonic() + GRACE_SECONDS
        while len(self._left) > len(self._ready()) and time.monotonic() < until:
            pass
        self._left.clear()
        self._ray.shutdown()

    def _ready(self) -> list[Any]:
        """Those of the tasks left that are done."""
        if not self._left:
            return []
        # Ray is not asked to wait: it would turn what a signal raises into a SystemError.
        time.sleep(POLL_SECONDS)
        return self._ray.wait(list(self._left), num_returns=len(self._left), timeout=0)[0]

    def _ending(self, handle: Any, job: Job) -> Ending:
        try:
            return told(job, self._ray.get(handle))
        except self._ray.exceptions.RayError as error:
            return lost(job, f"its Ray task ended: {str(error).strip().splitlines()[0]}")

    def _cores(self, job: Job) -> int:
        """For the machine to itself: as many as the largest machine has."""
        if job.alone:
            return int(max(node["Resources"].get("CPU", 1) for node in self._ray.nodes() if node["Alive"]))
        return int(self._settings.get("cpus", job.threads or 1))
