"""AdamW for full-precision weights, and for bfloat16 weights with float32 masters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

BUCKET = 2**26  # parameters whose float32 gradients exist at once: 256 MiB


class MasterAdamW:
    """AdamW on float32 copies of low-precision weights: 2 + 2 + 12 bytes a parameter.

    One fused optimizer for each bucket of tensors, so that the float32 gradients exist for one bucket at a time.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self.buckets = list(buckets(parameters))
        self.masters = [[nn.Parameter(p.detach().float()) for p in bucket] for bucket in self.buckets]
        self.inner = [torch.optim.AdamW(masters, weight_decay=0.0, fused=True) for masters in self.masters]

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return [group for optimizer in self.inner for group in optimizer.param_groups]

    @property
    def state(self) -> dict[Any, Any]:
        return {key: value for optimizer in self.inner for key, value in optimizer.state.items()}

    def master_parameters(self) -> Iterator[Tensor]:
        for masters in self.masters:
            yield from masters

    @torch.no_grad()
    def step(self) -> None:
        for parameters, masters, optimizer in zip(self.buckets, self.masters, self.inner, strict=True):
            for parameter, master in zip(parameters, masters, strict=True):
                master.grad = None if parameter.grad is None else parameter.grad.float()
            optimizer.step()
            for parameter, master in zip(parameters, masters, strict=True):
                if master.grad is not None:
                    master.grad = None
                    parameter.copy_(master)

    def state_dict(self) -> dict[str, Any]:
        return {
            "masters": [m.detach() for m in self.master_parameters()],
            "inner": [optimizer.state_dict() for optimizer in self.inner],
        }

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        for master, saved in zip(self.master_parameters(), state["masters"], strict=True):
            master.copy_(saved)
        for optimizer, saved in zip(self.inner, state["inner"], strict=True):
            optimizer.load_state_dict(saved)


def buckets(parameters: Iterable[nn.Parameter]) -> Iterator[list[nn.Parameter]]:
    """Neighbors together, up to BUCKET numbers; a larger tensor is a bucket of its own."""
    bucket: list[nn.Parameter] = []
    for parameter in parameters:
        if bucket and sum(p.numel() for p in bucket) + parameter.numel() > BUCKET:
            yield bucket
            bucket = []
        bucket.append(parameter)
    yield bucket


def make_optimizer(model: nn.Module) -> torch.optim.Optimizer | MasterAdamW:
    """AdamW with betas (0.9, 0.999), no weight decay, fused; float32 masters for bfloat16 weights."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    if parameters[0].dtype == torch.bfloat16:
        return MasterAdamW(parameters)
    return torch.optim.AdamW(parameters, weight_decay=0.0, fused=True)


def set_lr(optimizer: torch.optim.Optimizer | MasterAdamW, lr: float) -> None:
    """The same rate for all parameters."""
    for group in optimizer.param_groups:
        group["lr"] = lr


def warmup_factor(step: int, warmup_steps: int) -> float:
    """Linear from 1/warmup_steps at step 1 to 1; constant after."""
    return min(1.0, step / warmup_steps) if warmup_steps else 1.0
