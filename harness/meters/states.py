"""Exact bytes of a model's states, by walking its tensors.  The same on any device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from torch import Tensor, nn

from rlvr_bench.harness.records import RoleStates

Key = tuple[str, int]


def role_states(module: nn.Module, optimizer: Any | None, trained: bool) -> RoleStates:
    """Bytes of weights, gradients, optimizer states and buffers that exist now.

    Of a model that is dealt out to several processes, the shards in this one count, and all of its parameters.

    A storage counts once, however many tensors share it (tied weights, flat buffers, a master copy that
    is the parameter itself), in the first of weights, gradients, optimizer, buffers that holds it.
    Call it after the first optimizer step, before gradients are dropped: states are made lazily.

    What the module has `borrowed` is another role's and counted there; the bytes of such weights are `shared_weights`.

    Args:
        optimizer: its `state` is walked, and `master_parameters()` where it has that (fp32 copies of
            parameters of lower precision); None for a model that is not trained.
        trained: recorded as it is given.
    """
    borrowed: set[Key] = set()
    storage_bytes(getattr(module, "borrowed", ()), borrowed)
    parameters = list(module.parameters())
    learning = [p for p in parameters if p.requires_grad]
    shared = storage_bytes((p for p in parameters if _key(p) in borrowed), set())
    seen = set(borrowed)
    return RoleStates(
        parameters=count_parameters(parameters),
        trained=trained,
        trained_parameters=count_parameters(learning) if trained and len(learning) < len(parameters) else None,
        shared_weights=shared,
        weights=storage_bytes(map(here, parameters), seen),
        gradients=storage_bytes((p.grad for p in parameters if p.grad is not None), seen),
        optimizer=storage_bytes(optimizer_tensors(optimizer), seen),
        buffers=storage_bytes(module.buffers(), seen),
    )


def storage_bytes(tensors: Iterable[Tensor], seen: set[Key]) -> int:
    """Bytes of the storages behind `tensors` that are not in `seen`; adds them to it."""
    total = 0
    for tensor in tensors:
        if (key := _key(tensor)) not in seen:
            seen.add(key)
            total += tensor.untyped_storage().nbytes()
    return total


def _key(tensor: Tensor) -> Key:
    """Which storage it is in."""
    return str(tensor.device), here(tensor).untyped_storage().data_ptr()


def count_parameters(parameters: Iterable[Tensor]) -> int:
    """Numbers that can change on their own: tensors at one place in memory count once."""
    return sum({(str(p.device), here(p).data_ptr()): numbers(p) for p in parameters if numbers(p)}.values())


def here(parameter: Tensor) -> Tensor:
    """What of a parameter is in this process: all of it, or its shard under ZeRO-3."""
    return getattr(parameter, "ds_tensor", parameter)


def numbers(parameter: Tensor) -> int:
    """How many it has, whichever processes they are in."""
    return getattr(parameter, "ds_numel", parameter.numel())


def optimizer_tensors(optimizer: Any | None) -> Iterator[Tensor]:
    """All tensors in the optimizer's state, however nested, and its master copies."""
    if optimizer is None:
        return
    yield from tensors_in(optimizer.state)
    if hasattr(optimizer, "master_parameters"):
        yield from optimizer.master_parameters()


def tensors_in(value: Any) -> Iterator[Tensor]:
    """All tensors in nested dicts, lists and tuples."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors_in(item)
