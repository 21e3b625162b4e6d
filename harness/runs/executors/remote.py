"""What runs a job on another machine, and what all schedulers have in common.

There, the job is a child of the scheduler's process through the same code as here: its log, its time limit and what it
does about signals are the same.  If the scheduler kills that process outright, the job sees that it is gone and ends
after its step.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rlvr_bench.harness.records import is_live
from rlvr_bench.harness.runs.children import run_jobs
from rlvr_bench.harness.runs.jobs import GRACE_SECONDS, POLL_SECONDS, Ending, Job
from rlvr_bench.harness.runs.slots import Slot
from rlvr_bench.harness.state.cache import cache_root

SENT = ("RLVR_BENCH_", "HF_", "PYTHONPATH")
"""How the names of variables begin that go with a job: a scheduler's process may not have them."""


@dataclass(frozen=True)
class Place:
    """What a job needs to find on the machine that it comes to."""

    folder: str
    """The working directory: paths in settings may be relative to it."""
    cache: str
    """The folder of the models that runs share."""
    variables: Mapping[str, str]


def here() -> Place:
    """Of this process; makes the cache folder, so that it can be told from one that another machine does not see."""
    cache = cache_root().absolute()
    cache.mkdir(parents=True, exist_ok=True)
    variables = {name: value for name, value in os.environ.items() if name.startswith(SENT)}
    return Place(os.getcwd(), str(cache), variables | {"RLVR_BENCH_CACHE": str(cache)})


def run_there(job: Job, place: Place) -> Ending:
    """Called on the other machine, by its import path: run the job to its end."""
    # The job's own folder is made by the job, and lies in PART/CELL of the results folder.
    results = job.log.parents[3]
    needed = {
        "the results folder": results,
        "the cache": Path(place.cache),
        "the working directory": Path(place.folder),
    }
    if missing := [f"{what} {path}" for what, path in needed.items() if not path.is_dir()]:
        where = f"{os.uname().nodename} does not see {' or '.join(missing)}"
        return Ending(job, 2, False, 0.0, refused=f"{where}; they must be on a file system that all machines share")
    os.chdir(place.folder)
    os.environ.update(place.variables)
    (ending,) = run_jobs([job], [Slot()])
    return ending


def told(job: Job, ending: Ending) -> Ending:
    """What `run_there` returned, of the job as the suite knows it."""
    _refresh(job)
    return replace(ending, job=job)


def lost(job: Job, reason: str) -> Ending:
    """Of a job whose process on the other machine is gone without a word; waits for its run to end its step.

    Args:
        reason: what the scheduler says.
    """
    until = time.monotonic() + GRACE_SECONDS
    while is_live(job.log.parent) and time.monotonic() < until:
        time.sleep(POLL_SECONDS)
    _refresh(job)
    return Ending(job, -1, False, 0.0, lost=reason)


def in_progress(jobs: list[Job]) -> list[Job]:
    """Those that are past the queue: each run holds the lock of its folder."""
    return [job for job in jobs if is_live(job.log.parent)]


def _refresh(job: Job) -> None:
    """A network file system remembers names for a while; to list a folder makes it ask again."""
    if job.log.parent.is_dir():
        os.listdir(job.log.parent)
