"""The reference engine: one process, one device, AdamW."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from torch import Tensor, nn

from rlvr_bench.harness.engines.optim import make_optimizer, set_lr
from rlvr_bench.harness.engines.state_files import (
    WEIGHTS,
    load_states,
    load_trained,
    save_trained,
    saved_states,
    trained_state,
)
from rlvr_bench.harness.meters.states import role_states
from rlvr_bench.harness.records import RoleStates


class TorchEngine:
    """Trains a module where it is.  Its parameters that require a gradient are those that are trained."""

    sharded = False

    def __init__(self, module: nn.Module) -> None:
        self.module = self.whole = module
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
        self.discard()
        return norm

    def discard(self) -> None:
        self.module.zero_grad()

    def gather(self) -> None:
        """Nothing to do: they are there."""

    def release(self) -> None:
        """Nothing to do: they stay."""

    def states(self) -> RoleStates:
        return self._states or role_states(self.module, self.optimizer, trained=True)

    def weights(self) -> Iterator[tuple[str, Tensor]]:
        yield from self.module.state_dict().items()

    def save(self, folder: Path) -> None:
        save_trained(folder, trained_state(self.module), self.optimizer.state_dict(), self._states)

    def load(self, folder: Path) -> None:
        load_trained(self.module, load_states(folder / WEIGHTS))
        self.optimizer.load_state_dict(load_states(folder / "optimizer"))
        self._states = saved_states(folder)
