"""Random ragged rollouts, the same as oracle lists, and one optimizer step's loss, metrics and gradients."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rlvr_bench.algorithms.types import BatchCounts, Rollout
from tests import oracles

LENGTHS = (3, 1, 5, 2, 4, 5, 2)
GROUPS = (7, 2, 7, 2, 7, 2, 9)  # interleaved, uneven, one of them alone
MAX_TOKENS = 8


@dataclasses.dataclass(frozen=True)
class Current:
    """What the current models say: (B, T) each."""

    logprobs: Tensor
    entropy: Tensor
    values: Tensor


def sample(
    seed: int = 0,
    lengths: Sequence[int] = LENGTHS,
    groups: Sequence[int] | None = GROUPS,
    width: int | None = None,
    dtype: torch.dtype = torch.float64,
) -> tuple[Rollout, Current]:
    """A rollout with every field a role can provide, and a forward pass a little away from it."""
    draw = torch.Generator().manual_seed(seed)
    size, width = len(lengths), width or max(lengths)
    mask = torch.arange(width) < torch.tensor(lengths).unsqueeze(1)

    def tokens(scale: float) -> Tensor:
        return scale * torch.randn(mask.shape, generator=draw, dtype=dtype) * mask

    old = -tokens(1).abs()
    rollout = Rollout(
        prompt_ids=torch.randint(1, 9, (size, 4), generator=draw),
        completion_ids=torch.randint(1, 9, mask.shape, generator=draw) * mask,
        prompt_mask=torch.ones(size, 4, dtype=torch.bool),
        response_mask=mask,
        truncated=torch.zeros(size, dtype=torch.bool),
        group_ids=torch.tensor(groups) if groups else torch.randint(0, 3, (size,), generator=draw),
        rewards=torch.randn(size, generator=draw, dtype=dtype),
        old_logprobs=old,
        counts=BatchCounts(size, int(mask.sum()), MAX_TOKENS),
        reference_logprobs=old + tokens(0.5),
        values=tokens(1),
    )
    assert rollout.values is not None
    return rollout, Current(old + tokens(0.4), tokens(1).abs(), rollout.values + tokens(0.4))


def to_lists(rollout: Rollout, new: Current) -> oracles.Batch:
    """What the oracles read."""
    assert rollout.reference_logprobs is not None and rollout.values is not None
    return oracles.Batch(
        rollout.response_mask.tolist(),
        rollout.group_ids.tolist(),
        rollout.rewards.tolist(),
        rollout.old_logprobs.tolist(),
        rollout.reference_logprobs.tolist(),
        rollout.values.tolist(),
        new.logprobs.tolist(),
        new.entropy.tolist(),
        new.values.tolist(),
        rollout.counts.max_tokens,
    )


def change(thing: Rollout | Current, edit) -> Rollout | Current:
    """`edit(name, tensor)` in place of every (B, T) tensor except the mask."""
    names = [f.name for f in dataclasses.fields(thing)]
    wide = {n: v for n in names if isinstance(v := getattr(thing, n), Tensor) and v.ndim == 2 and "prompt" not in n}
    return dataclasses.replace(thing, **{n: edit(n, v) for n, v in wide.items()})


def take(new: Current, rows: Tensor) -> Current:
    """The given rows of a forward pass."""
    return change(new, lambda _, v: v[rows])  # type: ignore[return-value]


def step(algorithm: Any, rollout: Rollout, new: Current, parts: Sequence[Tensor] | None = None) -> dict:
    """Losses, metrics and gradients of one optimizer batch, taken in `parts` (rows of each micro-batch)."""
    new = change(new, lambda _, v: v.detach().clone().requires_grad_())  # type: ignore[assignment]
    ready = algorithm.prepare(rollout)
    result: dict[str, Tensor] = {}
    for rows in parts if parts is not None else [torch.arange(len(rollout.rewards))]:
        batch, now = ready.select(rows), take(new, rows)
        outs = {"policy": algorithm.policy_loss(batch, now.logprobs, now.entropy)}
        if "critic" in algorithm.roles:
            outs["value"] = algorithm.value_loss(batch, now.values)
        sum(out.scalar for out in outs.values()).backward()  # type: ignore[union-attr]
        metrics = {name: value for out in outs.values() for name, value in out.metrics.items()}
        for name, number in {**{k: out.scalar for k, out in outs.items()}, **metrics}.items():
            number = number.detach()
            if name not in result:
                result[name] = number
            elif name.endswith("_max"):
                result[name] = torch.maximum(result[name], number)
            elif name.endswith("_min"):
                result[name] = torch.minimum(result[name], number)
            else:
                result[name] = result[name] + number
    grads = {f"grad_{n}": g for n in ("logprobs", "entropy", "values") if (g := getattr(new, n).grad) is not None}
    return result | grads
