"""The processes of a run that trains with DeepSpeed: started by torchrun, joined here."""

from __future__ import annotations

import logging
import os
import warnings
from importlib.util import find_spec
from typing import Any, TypeVar

import torch
import torch.distributed as dist

from rlvr_bench.harness.engines.processes import Processes
from rlvr_bench.harness.errors import UserError

INSTALL = "pip install 'rlvr-bench[deepspeed]'"
T = TypeVar("T")


class Gang(Processes):
    """Exchanges over gloo, whatever the tensors go over: what is exchanged here is small and lies in CPU memory."""

    def all(self, value: T) -> list[T]:
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, value, group=_control())
        return found


_groups: dict[str, Any] = {}


def _control() -> Any:
    """The group for what is exchanged beside the tensors; made once, by all together."""
    if "control" not in _groups:
        _groups["control"] = dist.new_group(backend="gloo")
    return _groups["control"]


def is_installed() -> bool:
    """Whether DeepSpeed is there; it is not imported for that."""
    return find_spec("deepspeed") is not None


def is_one_of_several() -> bool:
    """Whether torchrun, or what sets the same variables, has started this process."""
    return "RANK" in os.environ and "WORLD_SIZE" in os.environ


def start(processes: int, device: torch.device) -> Gang:
    """Join the others, and import DeepSpeed, which takes seconds.

    Args:
        processes: how many there must be.
        device: cuda takes the GPU of this process's place on its node.
    Raises:
        UserError: torchrun has started another number of them.
    """
    there = int(os.environ.get("WORLD_SIZE", "1"))
    if there != processes:
        raise UserError(f"launch.processes: {processes} are asked for, and torchrun started {there}; let them agree")
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    deepspeed = quietly_imported(device)
    # Collectives for one machine's CPUs that would be compiled on first use, for minutes; gloo serves.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    backend = "nccl" if device.type == "cuda" else "gloo"
    deepspeed.init_distributed(dist_backend=backend, auto_mpi_discovery=False, verbose=False)
    gang = Gang(dist.get_rank(), dist.get_world_size())
    _control()
    return gang


def collectives() -> Any:
    """What DeepSpeed's collective operations are called on, once the processes have joined."""
    import deepspeed.comm.comm

    return deepspeed.comm.comm.cdb


def quietly_imported(device: torch.device) -> Any:
    """DeepSpeed, which says nothing but errors."""
    if device.type == "cpu":
        os.environ["DS_ACCELERATOR"] = "cpu"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import deepspeed
        import deepspeed.ops
        from deepspeed.utils import logger
    logger.setLevel(logging.ERROR)
    return deepspeed
