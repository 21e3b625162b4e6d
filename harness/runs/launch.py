"""A run of several processes: torchrun's agent starts them, watches them and ends all when one fails.

The first process writes the records and says how the run ended.  Where it could not, because another one failed or was
killed, this process says why, once all are gone.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from rlvr_bench.harness.records import Status, find_summary, read_metrics, write_json
from rlvr_bench.harness.runs.children import memory_kills
from rlvr_bench.harness.runs.jobs import GRACE_SECONDS
from rlvr_bench.harness.state.stop import PARENT

ERROR_FILE = "TORCHELASTIC_ERROR_FILE"
"""Variable with the file that the agent reads a process's reason from."""
PATIENCE_SECONDS = GRACE_SECONDS - 10
"""A process that is asked to stop has so long, so that the agent is through before its own time is up."""


def two_nodes(command: Sequence[str], processes: int, name: str) -> str:
    """What is typed on each of two nodes, to start a run of so many processes in a folder that both share."""
    each = max(1, processes // 2)
    words = ["torchrun", "--nnodes=2", f"--nproc-per-node={each}", "--rdzv-backend=c10d", "--rdzv-endpoint=HOST:29500"]
    return shlex.join([*words, f"--rdzv-id={name}", "--no-python", *command])


def tell(reason: str) -> None:
    """Let the agent know why this process fails; nothing where there is no agent."""
    if path := os.environ.get(ERROR_FILE):
        now = time.time()
        Path(path).write_text(json.dumps({"message": reason, "timestamp": int(now), "time": now}), encoding="utf-8")


def launch(module: str, arguments: Sequence[str], processes: int, folder: Path) -> int:
    """Run a module in so many processes on this machine; returns the exit status.

    Args:
        folder: the run's, where the first process writes.
    """
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    os.environ[PARENT] = str(os.getpid())  # they end with this process
    os.environ["TORCH_ELASTIC_SHUTDOWN_TIMEOUT"] = str(int(PATIENCE_SECONDS))
    kills = memory_kills()
    with tempfile.TemporaryDirectory(prefix="rlvr-bench-processes-") as reasons:
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=processes,
            run_id=uuid4().hex,
            rdzv_backend="c10d",
            rdzv_endpoint="localhost:0",
            max_restarts=0,
            logs_specs=DefaultLogsSpecs(log_dir=reasons),
        )
        try:
            elastic_launch(config, sys.executable)("-P", "-m", module, *arguments)
        except ChildFailedError as error:
            _explain(folder, error.failures, processes, time.time(), out_of_memory=memory_kills() > kills)
        except SignalException as error:
            _close(folder, "killed", f"{signal.Signals(error.sigval).name} in the middle of a step")
            return 128 + error.sigval
    summary = find_summary(folder)
    return 0 if summary is not None and summary.status == "completed" else 1


def _explain(folder: Path, failures: Mapping[int, Any], processes: int, now: float, *, out_of_memory: bool) -> None:
    """Put the first failure into the summary, unless it is that of the process that wrote it."""
    rank, status, reason = first_failure(failures, now, out_of_memory=out_of_memory)
    if rank == 0 and status == "failed":
        _close(folder, status, reason)
        return
    summary = find_summary(folder)
    if summary is not None and summary.status in ("running", "failed"):
        reason = f"process {rank} of {processes} (counted from 0): {reason}"
        write_json(
            folder / "summary.json", replace(summary, status=status, reason=reason, steps_done=last_step(folder))
        )
        print(f"{status} {reason}")


def first_failure(failures: Mapping[int, Any], now: float, *, out_of_memory: bool) -> tuple[int, Status, str]:
    """Rank, status and reason of what came first.

    A process that was killed has no time.  The others lose their connections to it and say so at once, so it was the
    first, unless somebody else had said something long before: then the agent killed it, because it did not end.

    Args:
        failures: by rank, as the agent gives them.
        now: s, when they were collected.
    """
    told = {rank: float(f.error_file_data["time"]) for rank, f in failures.items() if "time" in f.error_file_data}
    killed = [rank for rank, f in failures.items() if f.exitcode < 0 and f.exitcode != -signal.SIGTERM]
    if killed and (not told or min(told.values()) > now - PATIENCE_SECONDS / 2):
        number = -failures[killed[0]].exitcode
        if out_of_memory and number == signal.SIGKILL:
            return killed[0], "oom", "the system killed it because there was no memory left"
        return killed[0], "killed", f"ended by signal {number}"
    if told:
        rank = min(told, key=lambda rank: told[rank])
        return rank, "failed", str(failures[rank].message)
    rank = min(failures)
    return rank, "failed", f"exit status {failures[rank].exitcode} without a reason; see run.log"


def _close(folder: Path, status: Status, reason: str) -> None:
    """Where the first process could not say how it ended."""
    summary = find_summary(folder)
    if summary is not None and summary.status == "running":
        write_json(
            folder / "summary.json", replace(summary, status=status, reason=reason, steps_done=last_step(folder))
        )


def last_step(folder: Path) -> int:
    """Of a run's records; 0 where there are none."""
    return max((row["step"] for row in read_metrics(folder / "metrics.jsonl")), default=0)
