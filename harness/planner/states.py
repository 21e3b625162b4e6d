"""Bytes that a model's states take, in closed form: weights, gradients, optimizer, masters and buffers.

    weights    bytes of the type x parameters; a tensor under two names counts once
    gradients  the same again, of what is trained
    optimizer  AdamW's two moments, 4 + 4 bytes a trained parameter, and a step count of 4 bytes a tensor
    masters    float32 copies of trained weights of lower precision, 4 bytes a parameter
    buffers    what the modules register, such as the frequencies of the rotary embedding

Over D processes with ZeRO (arXiv:1910.02054): from stage 1 on optimizer and masters are divided by D, from stage 2 on
gradients, with stage 3 weights.  What is offloaded is not on the device.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rlvr_bench.harness.engines.optim import buckets

NUMBER = 4  # bytes of a float32


@dataclass(frozen=True)
class Sharding:
    """How states are spread over processes, one a device."""

    devices: int = 1
    stage: int = 0
    offload: str = "none"
    """`none`, `optimizer` or `all`: what is kept in CPU memory."""

    def share(self, kind: str) -> float:
        """The part of a kind of states that one device holds."""
        if (self.offload == "optimizer" and kind in ("optimizer", "masters")) or (
            self.offload == "all" and kind in ("optimizer", "masters", "weights")
        ):
            return 0.0
        from_stage = {"optimizer": 1, "masters": 1, "gradients": 2, "weights": 3}.get(kind)
        return 1 / self.devices if from_stage is not None and self.stage >= from_stage else 1.0


@dataclass(frozen=True)
class States:
    """Bytes of one model; `gradients` as they are after a backward pass."""

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

    def on_device(self, how: Sharding) -> States:
        """What one device holds of it."""
        return States(self.parameters, self.trained, **{k: round(v * how.share(k)) for k, v in self.kinds.items()})


def states_of(
    module: nn.Module,
    *,
    trained: bool,
    block: int = 1,
    layers: int | None = None,
    borrowed: Sequence[Tensor] = (),
) -> States:
    """From the shapes alone, so also of a module without data.

    Args:
        trained: by AdamW; what does not require a gradient is not.
        block: an allocator gives out multiples of so many bytes.
        layers: how many the model has, if the module has fewer; all are like its last.
        borrowed: tensors in it that are another model's, and counted there.
    """
    others = {id(tensor) for tensor in borrowed}
    parameters = [p for p in deep(module, layers) if id(p) not in others]
    learned = [p for p in parameters if p.requires_grad] if trained else []
    numbers = [p.numel() for p in learned]
    masters = sum(_blocks(n * NUMBER, block) for p, n in zip(learned, numbers, strict=True) if _narrow(p))
    buffers_ = {b.untyped_storage()._cdata: b for b in module.buffers() if id(b) not in others}.values()
    return States(
        parameters=sum(p.numel() for p in parameters),
        trained=sum(numbers),
        weights=sum(_blocks(p.nbytes, block) for p in parameters),
        gradients=sum(_blocks(p.nbytes, block) for p in learned),
        optimizer=sum(2 * _blocks(n * NUMBER, block) + _blocks(NUMBER, block) for n in numbers),
        masters=masters,
        buffers=sum(_blocks(b.nbytes, block) for b in buffers_),
    )


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
