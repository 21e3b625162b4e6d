"""The processes that train one run together: who they are, and how they exchange what is small.

Data parallel: prompts are dealt by whole groups, `gather` joins what was sampled, so that `prepare` sees the whole
rollout everywhere, and each process takes the gradient of its own rows divided by the counts of all.  So two processes
equal one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.nn.functional import pad

from rlvr_bench.algorithms.types import BatchCounts, Rollout

T = TypeVar("T")


@dataclass(frozen=True)
class Processes:
    """One process on its own; what several do differently is `all`."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    def all(self, value: T) -> list[T]:
        """What each of them has, in the order of their ranks.  Every process must call it."""
        return [value]

    def most(self, number: int) -> int:
        """The largest that one of them has."""
        return max(self.all(number))

    def agreed(self, value: T) -> T:
        """What the first one has: for what depends on a clock or a disk."""
        return self.all(value)[0]

    def share(self, count: int) -> tuple[int, int]:
        """Of so many neighbors, the first that is this process's, and the one behind its last."""
        return count * self.rank // self.size, count * (self.rank + 1) // self.size

    def gather(self, rollout: Rollout) -> Rollout:
        """The rollouts of all as one; where there is one process, the rollout itself."""
        return rollout if self.size == 1 else joined(self._all_rollouts(rollout))

    def _all_rollouts(self, rollout: Rollout) -> list[Rollout]:
        device = rollout.rewards.device
        return [_moved(part, device) for part in self.all(_moved(rollout, torch.device("cpu")))]


def _moved(rollout: Rollout, device: torch.device) -> Rollout:
    tensors = {f.name: v.to(device) for f in fields(Rollout) if isinstance(v := getattr(rollout, f.name), Tensor)}
    return replace(rollout, **tensors)


def joined(parts: Sequence[Rollout]) -> Rollout:
    """One rollout of several, padded to the widest: prompts on the left, all else on the right."""
    found: dict[str, Any] = {}
    for name in (f.name for f in fields(Rollout)):
        values = [getattr(part, name) for part in parts]
        if isinstance(values[0], Tensor):
            width = max(v.shape[-1] for v in values)
            if values[0].ndim == 2:
                sides = ((width - v.shape[1], 0) if "prompt" in name else (0, width - v.shape[1]) for v in values)
                values = [pad(v, side) for v, side in zip(values, sides, strict=True)]
            found[name] = torch.cat(values)
    counts = [part.counts for part in parts]
    whole = BatchCounts(sum(c.sequences for c in counts), sum(c.tokens for c in counts), counts[0].max_tokens)
    return replace(parts[0], **found, counts=whole)
