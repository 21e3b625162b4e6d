"""The seam behind which completions are sampled, and what passes through it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from rlvr_bench.algorithms.types import BatchCounts, Rollout

TokenIds = Sequence[int]


@dataclass(frozen=True)
class SamplingParams:
    """How to sample.  `greedy` takes the likeliest token and ignores temperature and seed."""

    group_size: int
    max_tokens: int
    min_tokens: int = 0
    temperature: float = 1.0
    greedy: bool = False
    first: int = 0
    """Place of the first prompt among those of the whole step: a process that samples a share of them draws what one
    process would draw for these."""


@dataclass(frozen=True)
class Samples:
    """B = prompts x group_size completions, the groups together and in the order of the prompts."""

    prompt_ids: Tensor  # (B, P) left-padded
    prompt_mask: Tensor  # (B, P) bool
    completion_ids: Tensor  # (B, T) right-padded
    response_mask: Tensor  # (B, T) bool, first EOS included
    truncated: Tensor  # (B,) bool
    group_ids: Tensor  # (B,) place of the prompt in the whole step
    tokens_read: int = 0  # by states that somebody was in, after the prompts; fewer than sampled where shared
    logprobs: Tensor | None = None  # (B, T) nats, zero where masked, if the engine was asked for them


class RolloutEngine(Protocol):
    """Samples with the weights that it has.  It gives tokens only: their scores come from the models themselves."""

    def generate(self, prompts: Sequence[TokenIds], params: SamplingParams, seed: int) -> Samples:
        """Completions of every prompt.  The same seed gives the same completions, however they are batched."""
        ...

    def sync(self, weights: Iterable[tuple[str, Tensor]]) -> None:
        """Take over weights that were trained elsewhere; nothing to do for an engine on the live module."""
        ...

    def close(self) -> None:
        """Release processes and memory.  Idempotent."""
        ...


def as_rollout(samples: Samples, *, max_tokens: int) -> Rollout:
    """Samples as a rollout without scores; rewards are zero until they are known."""
    mask = samples.response_mask
    return Rollout(
        prompt_ids=samples.prompt_ids,
        completion_ids=samples.completion_ids,
        prompt_mask=samples.prompt_mask,
        response_mask=mask,
        truncated=samples.truncated,
        group_ids=samples.group_ids,
        rewards=torch.zeros(len(mask), device=mask.device),
        counts=BatchCounts.of(mask, max_tokens),
    )


def join(parts: Sequence[Samples], pad: int) -> Samples:
    """Several samples as one, padded to the widest."""
    prompt_width = max(p.prompt_ids.shape[1] for p in parts)
    width = max(p.completion_ids.shape[1] for p in parts)

    def left(tensor: Tensor, value: int) -> Tensor:
        return functional.pad(tensor, (prompt_width - tensor.shape[1], 0), value=value)

    def right(tensor: Tensor, value: int) -> Tensor:
        return functional.pad(tensor, (0, width - tensor.shape[1]), value=value)

    scores = [p.logprobs for p in parts if p.logprobs is not None]
    logprobs = [right(s, 0) for s in scores] if len(scores) == len(parts) else None
    return Samples(
        prompt_ids=torch.cat([left(p.prompt_ids, pad) for p in parts]),
        prompt_mask=torch.cat([left(p.prompt_mask, False) for p in parts]),
        completion_ids=torch.cat([right(p.completion_ids, pad) for p in parts]),
        response_mask=torch.cat([right(p.response_mask, False) for p in parts]),
        truncated=torch.cat([p.truncated for p in parts]),
        group_ids=torch.cat([p.group_ids for p in parts]),
        tokens_read=sum(p.tokens_read for p in parts),
        logprobs=None if logprobs is None else torch.cat(logprobs),
    )
