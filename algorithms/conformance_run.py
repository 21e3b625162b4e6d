"""What the conformance kit tries an algorithm on: a small random rollout, and one optimizer batch of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rlvr_bench.algorithms.types import BatchCounts, Role, Rollout

Result = dict[str, Tensor]


@dataclass(frozen=True)
class Current:
    """What the current models say about a rollout, as the harness computes it; values only with a critic."""

    logprobs: Tensor
    entropy: Tensor
    values: Tensor | None

    def edit(self, edit: Callable[[Tensor], Tensor]) -> Current:
        """The same with every tensor changed."""
        values = None if self.values is None else edit(self.values)
        return Current(edit(self.logprobs), edit(self.entropy), values)


def make_rollout(roles: frozenset[Role], seed: int = 0, *, exact: bool = False) -> tuple[Rollout, Current]:
    """Eight completions in three uneven groups, with exactly the scores that the roles provide.

    Args:
        exact: with values also without a critic (`Needs.exact_values`).
    """
    draw = torch.Generator().manual_seed(seed)
    mask = torch.arange(6) < torch.tensor([3, 6, 1, 4, 2, 6, 5, 2]).unsqueeze(1)

    def tokens(scale: float) -> Tensor:
        return scale * torch.randn(mask.shape, generator=draw, dtype=torch.float64) * mask

    old, reference, values = -tokens(1).abs(), tokens(0.3), tokens(0.5)
    rollout = Rollout(
        prompt_ids=torch.randint(1, 9, (8, 4), generator=draw),
        completion_ids=torch.randint(1, 9, mask.shape, generator=draw) * mask,
        prompt_mask=torch.ones(8, 4, dtype=torch.bool),
        response_mask=mask,
        truncated=mask.all(1),
        group_ids=torch.tensor([0, 1, 0, 1, 2, 1, 0, 2]),
        rewards=torch.tensor([1, 0, 0, 1, 0, 0, 1, 1], dtype=torch.float64),
        counts=BatchCounts(8, int(mask.sum()), 7),
        old_logprobs=old,
        reference_logprobs=old + reference if "reference" in roles else None,
        values=values if exact or "critic" in roles else None,
    )
    return rollout, Current(old + tokens(0.1), tokens(1).abs(), values + tokens(0.1) if "critic" in roles else None)


def make_contrast(roles: frozenset[Role], group_size: int, *, exact: bool = False) -> tuple[Rollout, Current]:
    """Two groups in which every second completion is right, at the first step of a run.

    All completions are equally long and equally likely, no policy has moved yet and the critic knows nothing: nothing
    but the rewards tells them apart.
    """
    rows, width = 2 * group_size, 3
    mask = torch.ones(rows, width, dtype=torch.bool)
    likely, nothing = (
        torch.full((rows, width), -1.0, dtype=torch.float64),
        torch.zeros(rows, width, dtype=torch.float64),
    )
    rollout = Rollout(
        prompt_ids=torch.ones(rows, 2, dtype=torch.long),
        completion_ids=torch.ones(rows, width, dtype=torch.long),
        prompt_mask=torch.ones(rows, 2, dtype=torch.bool),
        response_mask=mask,
        truncated=torch.zeros(rows, dtype=torch.bool),
        group_ids=torch.arange(2).repeat_interleave(group_size),
        rewards=(torch.arange(rows) % group_size % 2 == 0).to(torch.float64),
        counts=BatchCounts.of(mask, width),
        old_logprobs=likely,
        reference_logprobs=likely.clone() if "reference" in roles else None,
        values=nothing if exact or "critic" in roles else None,
    )
    return rollout, Current(likely.clone(), -likely, nothing.clone() if "critic" in roles else None)


def losses(algorithm: Any, batch: Rollout, new: Current) -> dict[str, Any]:
    """The policy loss, and the value loss of an algorithm with a critic."""
    found = {"policy": algorithm.policy_loss(batch, new.logprobs, new.entropy)}
    return found if new.values is None else {**found, "value": algorithm.value_loss(batch, new.values)}


def run(algorithm: Any, rollout: Rollout, new: Current, parts: tuple[tuple[int, ...], ...] = ()) -> Result:
    """Losses, metrics and gradients of one optimizer batch, taken in micro-batches of the given rows."""
    new = new.edit(lambda v: v.detach().clone().requires_grad_())
    ready, result = algorithm.prepare(rollout), {}
    for part in parts or (tuple(range(len(rollout.rewards))),):
        rows = torch.tensor(part)
        for name, loss in losses(algorithm, ready.select(rows), new.edit(lambda v, r=rows: v[r])).items():
            loss.scalar.backward()
            named = {f"the {name} loss": loss.scalar, **{f"metric {n}": v for n, v in loss.metrics.items()}}
            for key, value in named.items():
                result.setdefault(key, []).append(value.detach())
    combine = {"_max": torch.amax, "_min": torch.amin}
    total = {n: combine.get(n[-4:], torch.sum)(torch.stack(v), dim=0) for n, v in result.items()}
    grads = {n: v.grad for n, v in vars(new).items() if v is not None and v.grad is not None}
    return total | {f"the gradient of {n}": g for n, g in grads.items()}


def differences(expected: Result, actual: Result) -> Iterator[str]:
    """Names of what is not the same up to rounding, or there on one side only."""
    for name in sorted(expected.keys() | actual.keys()):
        a, b = expected.get(name), actual.get(name)
        if a is None or b is None or a.shape != b.shape or not torch.allclose(a, b.to(a.dtype), rtol=1e-5, atol=1e-6):
            yield name
