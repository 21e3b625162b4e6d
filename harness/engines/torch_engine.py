"""The reference engine: one process, one device, AdamW."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.engines.optim import make_optimizer, set_lr
from rlvr_bench.harness.meters.states import role_states
from rlvr_bench.harness.records import RoleStates


class TorchEngine:
    """Trains a module where it is.  Its parameters that require a gradient are those that are trained."""

    rank = 0
    size = 1

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.optimizer = make_optimizer(module)
        self._states: RoleStates | None = None

    def backward(self, loss: Tensor, *, last: bool) -> None:
        loss.backward()

    def step(self, lr: float, max_norm: float) -> float:
        norm = float(nn.utils.clip_grad_norm_(self.module.parameters(), max_norm))
        if math.isfinite(norm):
            set_lr(self.optimizer, lr)
            self.optimizer.step()
            if self._states is None:
                self._states = role_states(self.module, self.optimizer, trained=True)
        self.module.zero_grad()
        return norm

    def gather(self, rollout: Rollout) -> Rollout:
        return rollout

    def states(self) -> RoleStates:
        return self._states or role_states(self.module, self.optimizer, trained=True)

    def weights(self) -> Iterator[tuple[str, Tensor]]:
        yield from self.module.state_dict().items()

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(self.module.state_dict(), folder / "weights.pt")
        torch.save({"optimizer": self.optimizer.state_dict(), "states": self._states}, folder / "training.pt")

    def load(self, folder: Path) -> None:
        self.module.load_state_dict(torch.load(folder / "weights.pt", weights_only=True, map_location="cpu"))
        # Only this program writes the folder, and optimizer states hold more than plain tensors.
        saved = torch.load(folder / "training.pt", weights_only=False, map_location="cpu")
        self.optimizer.load_state_dict(saved["optimizer"])
        self._states = saved["states"]
