"""The executor `slurm`: a job array a part, one task a run, through submitit.

Its own files (batch scripts, pickles, what submitit prints) are in OUT/slurm.  Whether a job is still there is asked of
`squeue`, which answers on clusters without accounting too.
"""

from __future__ import annotations

import getpass
import itertools
import math
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rlvr_bench.harness.errors import ConfigError, UserError
from rlvr_bench.harness.records import hash_of
from rlvr_bench.harness.runs.executors.remote import here, in_progress, lost, run_there, told
from rlvr_bench.harness.runs.jobs import GRACE_SECONDS, Ending, Job

KEYS: dict[str, type] = {
    "account": str,
    "array_parallelism": int,  # runs at once
    "constraint": str,
    "cpus_per_task": int,  # by default as many as the run has threads
    "exclude": str,
    "gpus": int,  # of a run whose model.device is auto
    "mem": str,
    "nodelist": str,
    "partition": str,
    "qos": str,
}
MARGIN_MINUTES = 5
"""A run ends itself after its part's timeout; SLURM's own limit is so much later, for start-up and saving."""
ASK_SECONDS = 2.0
SETTLE_SECONDS = 10.0
"""A result may show so much later than that its job has left the queue."""


class Slurm:
    """See `Executor`.

    Args:
        out: the results folder.
        settings: of KEYS.
    Raises:
        ConfigError: submitit or SLURM's programs are not installed.
    """

    def __init__(self, out: Path, settings: Mapping[str, str | int]) -> None:
        problems = []
        try:
            import submitit  # noqa: F401
        except ImportError:
            problems.append("--executor slurm: submitit is not installed: pip install 'rlvr-bench[slurm]'")
        if missing := [name for name in ("sbatch", "srun", "squeue", "scancel") if shutil.which(name) is None]:
            problems.append(
                f"--executor slurm: {', '.join(missing)} not found; start from a machine that submits to SLURM"
            )
        if problems:
            raise ConfigError(problems)
        self._folder = out.absolute() / "slurm"
        self._settings = dict(settings)
        self._gpus = self._settings.pop("gpus", 0)
        # Names this folder's jobs, also those that an earlier command left.
        self._name = f"rlvr-bench-{hash_of(str(out.absolute()))[:8]}"
        self._left: dict[Any, Job] = {}
        self._gone: dict[str, float] = {}
        self._asked = 0.0

    def submit(self, jobs: Sequence[Job]) -> None:
        """See Executor.  What an earlier command for this folder left in the queue is cancelled first."""
        import submitit
        from submitit.core.utils import FailedJobError

        self._scancel()
        place = here()
        for resources, group in itertools.groupby(jobs, key=self._resources):
            executor = submitit.SlurmExecutor(self._folder)
            executor.update_parameters(**resources | self._settings, job_name=self._name, wckey=None)
            work = list(group)
            try:
                handles = executor.map_array(run_there, work, [place] * len(work))
            except FailedJobError as error:
                raise UserError(f"--executor slurm: sbatch refused: {str(error).strip().splitlines()[-1]}") from None
            self._left |= dict(zip(handles, work, strict=True))

    def left(self) -> bool:
        """See Executor."""
        return bool(self._left)

    def running(self) -> list[Job]:
        """See Executor."""
        return in_progress(list(self._left.values()))

    def ended(self) -> list[Ending]:
        """See Executor."""
        time.sleep(max(0.0, self._asked + ASK_SECONDS - time.monotonic()))
        self._asked = time.monotonic()
        queued = self._queue()
        endings = []
        for handle, job in list(self._left.items()):
            if handle.paths.result_pickle.exists():
                endings.append(_ending(handle, job))
            elif queued is None or handle.job_id in queued:
                self._gone.pop(handle.job_id, None)
                continue
            elif self._asked - self._gone.setdefault(handle.job_id, self._asked) < SETTLE_SECONDS:
                continue
            else:
                endings.append(lost(job, f"its SLURM job {handle.job_id} was cancelled or its machine failed"))
            del self._left[handle]
        return endings

    def cancel(self) -> None:
        """See Executor."""
        self._scancel()  # also an array that was submitted a moment ago, and is not known here yet
        until = time.monotonic() + GRACE_SECONDS
        while self._left and self._queue() != set() and time.monotonic() < until:
            time.sleep(ASK_SECONDS)
        self._left.clear()

    def _resources(self, job: Job) -> dict[str, Any]:
        """What a job asks for; those that ask for the same are one array."""
        found: dict[str, Any] = {
            "time": math.ceil(job.timeout_s / 60) + MARGIN_MINUTES,
            # The run's threads are for the whole allocation, which srun would cut to one core otherwise; and a run
            # that SLURM starts again by itself would write over its own records.
            "srun_args": ("--cpu-bind=none",),
            "additional_parameters": {"no-requeue": True},
        }
        found |= {"exclusive": True} if job.alone else {"cpus_per_task": job.threads or 1}
        if gpus := self._gpus if job.gpus is None else job.gpus:
            found["gpus_per_node"] = gpus
        return found

    def _scancel(self) -> None:
        subprocess.run(["scancel", "--name", self._name, "--user", getpass.getuser()], check=False)

    def _queue(self) -> set[str] | None:
        """This folder's jobs that have not ended, as MAIN_INDEX; None where SLURM does not answer."""
        command = ["squeue", "--noheader", "--array", "--format", "%i", "--name", self._name]
        asked = subprocess.run([*command, "--user", getpass.getuser()], capture_output=True, text=True, check=False)
        return set(asked.stdout.split()) if asked.returncode == 0 else None


def _ending(handle: Any, job: Job) -> Ending:
    """Of a job whose result is there."""
    from submitit.core.utils import UncompletedJobError

    try:
        return told(job, handle.result())
    except UncompletedJobError:
        return lost(job, f"its SLURM job {handle.job_id} failed; see {handle.paths.stderr}")
