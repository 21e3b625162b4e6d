"""Bytes that a model's states take, in closed form: weights, gradients, optimizer, masters and buffers.

    weights    bytes of the type x parameters; a tensor under two names counts once
    gradients  the same again, of what is trained
    optimizer  AdamW's two moments, 4 + 4 bytes a trained parameter, and a step count of 4 bytes a tensor
    masters    float32 copies of trained weights of lower precision, 4 bytes a parameter
    buffers    what the modules register, such as the frequencies of the rotary embedding

Over several processes with ZeRO (arXiv:1910.02054) they are divided as `engines/deepspeed/parts.py` says.  What is
offloaded is not on the device.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rlvr_bench.harness.engines.deepspeed.parts import (
    BUCKET,
    Exchange,
    Sharding,
    exchange_of_process,
    part_of_process,
    shards,
)
from rlvr_bench.harness.engines.optim import buckets

NUMBER = 4  # bytes of a float32
ALONE = Sharding()


@dataclass(frozen=True)
class States:
    """Bytes of one model in one process; `gradients` as an optimizer step finds them."""

    parameters: int
    trained: int
    weights: int
    gradients: int
    optimizer: int
    masters: int
    buffers: int

    @property
    def kinds(self) -> dict[str, int]:
        return {k: getattr(self, k) for k in ("weights", "gradients", "optimizer", "masters", "buffers")}

    @property
    def total(self) -> int:
        return sum(self.kinds.values())


def states_of(
    module: nn.Module,
    *,
    trained: bool,
    block: int = 1,
    layers: int | None = None,
    borrowed: Sequence[Tensor] = (),
    how: Sharding = ALONE,
) -> States:
    """From the shapes alone, so also of a module without data.

    Args:
        trained: by AdamW; what does not require a gradient is not.
        block: an allocator gives out multiples of so many bytes.
        layers: how many the model has, if the module has fewer; all are like its last.
        borrowed: tensors in it that are another model's, and counted there.
        how: it is spread over processes; the states are those in the first one.
    """
    others = {id(tensor) for tensor in borrowed}
    parameters = [p for p in deep(module, layers) if id(p) not in others]
    learned = [p for p in parameters if p.requires_grad] if trained else []
    numbers = [p.numel() for p in learned]
    masters = sum(_blocks(n * NUMBER, block) for p, n in zip(learned, numbers, strict=True) if _narrow(p))
    kinds = {
        "weights": sum(_blocks(p.nbytes, block) for p in parameters),
        "gradients": sum(_blocks(p.nbytes, block) for p in learned),
        "optimizer": sum(2 * _blocks(n * NUMBER, block) + _blocks(NUMBER, block) for n in numbers),
        "masters": masters,
    }
    if how.divides:
        kinds = _divided(parameters, learned, block, how)
    buffers_ = {b.untyped_storage()._cdata: b for b in module.buffers() if id(b) not in others}.values()
    return States(
        parameters=sum(p.numel() for p in parameters),
        trained=sum(numbers),
        buffers=sum(_blocks(b.nbytes, block) for b in buffers_),
        **{kind: 0 if how.is_away(kind) else size for kind, size in kinds.items()},
    )


def _divided(parameters: list[nn.Parameter], learned: list[nn.Parameter], block: int, how: Sharding) -> dict[str, int]:
    """Bytes by kind in one process."""
    trained = {id(p) for p in learned}
    frozen = [p for p in parameters if id(p) not in trained]
    sizes = shards([p.numel() for p in frozen], how.devices) if how.stage == 3 else [p.numel() for p in frozen]
    still = sum(_blocks(n * p.element_size(), block) for n, p in zip(sizes, frozen, strict=True))
    if not learned:
        return {"weights": still, "gradients": 0, "optimizer": 0, "masters": 0}
    part, size = part_of_process([p.numel() for p in learned], how), learned[0].element_size()
    flat = _blocks(part.trained * NUMBER, block)
    return {
        "weights": still + _blocks(part.weights * size, block),
        "gradients": _blocks(part.gradients * size, block),
        "optimizer": 2 * flat + part.tensors * _blocks(NUMBER, block),
        "masters": flat,
    }


def exchange_of(
    module: nn.Module, how: Sharding, *, trained: bool, layers: int | None = None, head: Sequence[Tensor] = ()
) -> tuple[Exchange, int]:
    """Numbers that it takes over several processes besides its states, and the bytes of one.

    Args:
        layers: as in `states_of`.
        head: tensors that are gathered for as long as the model is read.
    """
    parameters, outside = deep(module, layers), {id(p) for p in head}
    each = [[p.numel() for p in m.parameters(recurse=False) if id(p) not in outside] for m in module.modules()]
    gathered = shards([p.numel() for p in head], how.devices), max((shards(m, how.devices) for m in each), key=sum)
    at_once = sum(map(sum, gathered)) * how.devices
    found = exchange_of_process([p.numel() for p in parameters], at_once, how, trained=trained, bucket=BUCKET)
    return found, parameters[0].element_size()


def step_bytes(module: nn.Module, layers: int | None = None) -> int:
    """Bytes that an optimizer step holds for a moment: float32 gradients of one bucket of narrow weights."""
    learned = [p for p in deep(module, layers) if p.requires_grad]
    if not learned or not _narrow(learned[0]):
        return 0
    return max(sum(p.numel() for p in bucket) for bucket in buckets(learned)) * NUMBER


def deep(module: nn.Module, layers: int | None) -> list[nn.Parameter]:
    """The parameters in their order, those of the last layer again until there are so many layers."""
    named = [(layer_of(name), parameter) for name, parameter in module.named_parameters()]
    last = max((layer for layer, _ in named if layer is not None), default=None)
    if layers is None or last is None:
        return [parameter for _, parameter in named]
    end = max(i for i, (layer, _) in enumerate(named) if layer == last) + 1
    again = [parameter for layer, parameter in named if layer == last] * (layers - last - 1)
    whole = [parameter for _, parameter in named]
    return [*whole[:end], *again, *whole[end:]]


def layer_of(name: str) -> int | None:
    """The layer that a parameter's name says it is in."""
    match = re.search(r"(?:^|\.)(?:layers\.)?(\d+)\.", name)
    return int(match[1]) if match else None


def _narrow(parameter: Tensor) -> bool:
    return parameter.dtype == torch.bfloat16


def _blocks(size: int, block: int) -> int:
    return -(-size // block) * block
