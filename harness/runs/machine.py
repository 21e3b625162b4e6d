"""Threads and processors of a run."""

from __future__ import annotations

import os

from rlvr_bench.harness.runs.slots import cores_here


def use_threads(threads: int) -> None:
    """Let torch compute with so many threads; 0 is all cores that this process may use, dealt to the processes of a run
    that are on this machine."""
    import torch

    beside = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if threads or beside > 1:
        torch.set_num_threads(threads or max(1, len(cores_here()) // beside))
