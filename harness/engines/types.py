"""The seam behind which models are trained: in this process, or over several devices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from torch import Tensor, nn

from rlvr_bench.harness.records import RoleStates


class TrainEngine(Protocol):
    """Trains one model: gradients, optimizer, checkpoints.  Actor, critic, reward model and warm start each have one.

    `module` is called through its own `forward`; it may be a wrapper around the model that the engine was made with.

    Several processes may train it together (`processes.py`): all of them call every method but `states`, in one order.
    """

    module: nn.Module
    whole: nn.Module
    """What is sampled from: the model itself, or where its weights are `sharded` a copy, which has them from `gather`
    to `release`."""
    sharded: bool

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

    def gather(self) -> None:
        """Give `whole` its weights."""
        ...

    def release(self) -> None:
        """Take them back."""
        ...

    def states(self) -> RoleStates:
        """Exact bytes as they were at the first optimizer step: gradients are there, and the optimizer's states too."""
        ...

    def weights(self) -> Iterator[tuple[str, Tensor]]:
        """The model's parameters and buffers by name, whole, for a rollout engine."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything that training goes on from; of several processes the first one writes."""
        ...

    def load(self, folder: Path) -> None:
        """Go on from what `save` wrote."""
        ...
