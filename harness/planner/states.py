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

from collections.abc import Iterable
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
        return States(
            self.parameters, self.trained, **{k: round(v * how.share(k)) for k, v in self.kinds.items()}
        )


def states_of(module: nn.Module, *, trained: bool, block: int = 1) -> States:
    """From the shapes alone, so also of a module without data.

    Args:
        trained: by AdamW; what does not require a gradient is not.
        block: an allocator gives out multiples of so many bytes.
    """
    parameters = list(_once(module.parameters()))
    learned = [p for p in parameters if p.requires_grad] if trained else []
    numbers = [p.numel() for p in learned]
    masters = sum(_blocks(n * NUMBER, block) for p, n in zip(learned, numbers, strict=True) if _narrow(p))
    return States(
        parameters=sum(p.numel() for p in parameters),
        trained=sum(numbers),
        weights=sum(_blocks(p.nbytes, block) for p in parameters),
        gradients=sum(_blocks(p.nbytes, block) for p in learned),
        optimizer=sum(2 * _blocks(n * NUMBER, block) + _blocks(NUMBER, block) for n in numbers),
        masters=masters,
        buffers=sum(_blocks(b.nbytes, block) for b in _once(module.buffers())),
    )


def step_bytes(module: nn.Module) -> int:
    """Bytes that an optimizer step holds for a moment: float32 gradients of one bucket of narrow weights."""
    learned = [p for p in module.parameters() if p.requires_grad]
    if not learned or not _narrow(learned[0]):
        return 0
    return max(sum(p.numel() for p in bucket) for bucket in buckets(learned)) * NUMBER


def _once(tensors: Iterable[Tensor]) -> Iterable[Tensor]:
    """One tensor for each storage: tensors without data all begin at address 0."""
    return {tensor.untyped_storage()._cdata: tensor for tensor in tensors}.values()


def _narrow(parameter: Tensor) -> bool:
    return parameter.dtype == torch.bfloat16


def _blocks(size: int, block: int) -> int:
    return -(-size // block) * block
