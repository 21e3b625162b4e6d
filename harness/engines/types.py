"""The seam behind which models are trained: in this process, or over several devices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from torch import Tensor, nn

from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.records import RoleStates


class TrainEngine(Protocol):
    """Trains one model: gradients, optimizer, checkpoints.  Actor, critic, reward model and warm start each have one.

    `module` is called through its own `forward`; it may be a wrapper around the model that the engine was made with.

    Data parallel: prompts are dealt to `size` processes by whole groups, `gather` joins what they sampled, so that
    `prepare` sees the whole rollout everywhere, and each process takes the gradient of its own rows divided by the
    counts of all.  So two processes equal one.
    """

    module: nn.Module
    rank: int
    size: int

    def backward(self, loss: Tensor, *, last: bool) -> None:
        """Add a micro-batch's gradient; after the `last` of an optimizer batch, those of all processes add up."""
        ...

    def step(self, lr: float, max_norm: float) -> float:
        """One optimizer step, with the gradient scaled down to `max_norm`; gradients are cleared.

        Returns:
            the gradient's L2 norm over all processes, before scaling.  If it is not finite, nothing was applied.
        """
        ...

    def discard(self) -> None:
        """Clear the gradients without a step."""
        ...

    def gather(self, rollout: Rollout) -> Rollout:
        """The rollouts of all processes as one, in the order of their ranks."""
        ...

    def states(self) -> RoleStates:
        """Exact bytes as they were at the first optimizer step: gradients are there, and the optimizer's states too."""
        ...

    def weights(self) -> Iterator[tuple[str, Tensor]]:
        """The model's parameters and buffers by name, whole, for a rollout engine."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything that training goes on from."""
        ...

    def load(self, folder: Path) -> None:
        """Go on from what `save` wrote."""
        ...


TrainEngineFactory = Callable[[nn.Module], TrainEngine]
