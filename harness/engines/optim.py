"""AdamW for full-precision weights, and for bfloat16 weights with float32 masters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn


class MasterAdamW:
    """AdamW on float32 copies of low-precision weights: 2 + 2 + 12 bytes a parameter.

    One fused optimiser per tensor, so that the float32 gradient exists for one tensor at a time.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, *, fused: bool) -> None:
        self.parameters = list(parameters)
        self.masters = [nn.Parameter(p.detach().float()) for p in self.parameters]
        self.inner = [torch.optim.AdamW([m], lr=lr, weight_decay=0.0, fused=fused) for m in self.masters]

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return [group for optimizer in self.inner for group in optimizer.param_groups]

    @property
    def state(self) -> dict[Any, Any]:
        return {key: value for optimizer in self.inner for key, value in optimizer.state.items()}

    def master_parameters(self) -> Iterator[Tensor]:
        yield from self.masters

    @torch.no_grad()
    def step(self) -> None:
        for parameter, master, optimizer in zip(self.parameters, self.masters, self.inner, strict=True):
            if parameter.grad is None:
                continue
            master.grad = parameter.grad.float()
            optimizer.step()
            master.grad = None
            parameter.copy_(master)

    def zero_grad(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        return {
            "masters": [m.detach() for m in self.masters],
            "inner": [optimizer.state_dict() for optimizer in self.inner],
        }

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        for master, saved in zip(self.masters, state["masters"], strict=True):
            master.copy_(saved)
        for optimizer, saved in zip(self.inner, state["inner"], strict=True):
            optimizer.load_state_dict(saved)


def make_optimizer(model: nn.Module, lr: float) -> torch.optim.Optimizer | MasterAdamW:
    """AdamW with betas (0.9, 0.999), no weight decay, fused; float32 masters for bfloat16 weights."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    if parameters[0].dtype == torch.bfloat16:
        return MasterAdamW(parameters, lr, fused=True)
    return torch.optim.AdamW(parameters, lr=lr, weight_decay=0.0, fused=True)


def set_lr(optimizer: torch.optim.Optimizer | MasterAdamW, lr: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = lr


def warmup_factor(step: int, warmup_steps: int) -> float:
    """Linear from 1/warmup_steps at step 1 to 1; constant after."""
    return min(1.0, step / warmup_steps) if warmup_steps else 1.0
