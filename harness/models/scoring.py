"""Reading completions: log-probabilities, entropies and values of their tokens, in bounded memory.

The same functions score the rollout (no grad) and compute the loss (grad), for every model and algorithm.
Hidden states are taken at completion positions only, and logits exist for one chunk of tokens at a time, so
no float32 (B, T, V) tensor is ever whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from transformers import DynamicCache

from rlvr_bench.algorithms.ops import token_logprobs_and_entropy
from rlvr_bench.algorithms.types import Rollout

CHUNK_LOGITS = 2**25  # logits in one chunk: 128 MiB in float32
Entropy = Literal["grad", "detached", "off"]


def micro_batches(rows: Tensor, width: int, micro_tokens: int) -> Iterator[Tensor]:
    """Row indices in runs of at most `micro_tokens` tokens (at least one row each), in the given order.

    Args:
        rows: (B,) indices; width: tokens per row, prompt and completion with padding.
    """
    yield from rows.split(max(1, micro_tokens // width))


def width_of(rollout: Rollout) -> int:
    """Tokens per row, prompt and completion with padding."""
    return rollout.prompt_ids.shape[1] + rollout.completion_ids.shape[1]


@torch.no_grad()
def score_rollout(function: Callable[[Rollout], Tensor], rollout: Rollout, micro_tokens: int) -> Tensor:
    """`function` over micro-batches of the rollout, rows in order."""
    rows = torch.arange(len(rollout.rewards), device=rollout.rewards.device)
    return torch.cat([function(rollout.select(part)) for part in micro_batches(rows, width_of(rollout), micro_tokens)])


def hidden_states(backbone: Any, rollout: Rollout, *, after_last: bool) -> Tensor:  # (B, T or T+1, H)
    """States in which each completion token was chosen; with `after_last` also the one after the last.

    The prompt of neighboring completions of one group is read once, as in sampling: its keys and values are
    repeated for them, and gradients add up in it.
    """
    completion = rollout.completion_ids if after_last else rollout.completion_ids[:, :-1]
    # What is padded on the right comes after all that is read: only padding on the left has to be masked.
    start = rollout.prompt_ids.shape[1]
    mask = functional.pad(rollout.prompt_mask, (0, completion.shape[1]), value=True).long()
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    padded = not bool(rollout.prompt_mask.all())
    if backbone.training and getattr(backbone, "gradient_checkpointing", False):
        # Recomputation cannot go through a cache: whole sequences, prompts read once a completion.
        hidden = backbone(
            input_ids=torch.cat([rollout.prompt_ids, completion], dim=1),
            attention_mask=mask if padded else None,
            position_ids=positions,
            use_cache=False,
        ).last_hidden_state
        return hidden[:, start - 1 :]

    _, runs = torch.unique_consecutive(rollout.group_ids, return_counts=True)
    first = runs.cumsum(0) - runs
    owner = torch.repeat_interleave(torch.arange(len(runs), device=runs.device), runs)
    cache = DynamicCache(config=backbone.config)
    after_prompt = backbone(
        input_ids=rollout.prompt_ids[first],
        attention_mask=mask[first, :start] if padded else None,
        position_ids=positions[first, :start],
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state[:, -1:]
    after_prompt = after_prompt.index_select(0, owner)
    if completion.shape[1] == 0:
        return after_prompt
    cache.batch_select_indices(owner)
    hidden = backbone(
        input_ids=completion,
        attention_mask=mask if padded else None,
        position_ids=positions[:, start:],
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state
    return torch.cat([after_prompt, hidden], dim=1)


def scatter(values: Tensor, mask: Tensor) -> Tensor:  # (N,) -> (B, T), zero where masked
    """The values of the tokens where `mask` holds, at their places."""
    return torch.zeros(mask.shape, dtype=values.dtype, device=values.device).masked_scatter(mask, values)


def token_scores(head: Any, states: Tensor, tokens: Tensor, *, temperature: float) -> tuple[Tensor, Tensor]:
    """Log-probability of each token and entropy of its distribution, (N,) each, from the states before it (N, H)."""

    def chunk(states: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        return token_logprobs_and_entropy(head(states).float() / temperature, tokens)

    size = max(1, CHUNK_LOGITS // head.weight.shape[0])
    if len(tokens) <= size:
        return chunk(states, tokens)
    chunks = zip(states.split(size), tokens.split(size), strict=True)
    if torch.is_grad_enabled():
        # Recomputing a chunk's logits in the backward pass costs one output-embedding product more and
        # keeps one chunk alive instead of all.
        parts: list[Any] = [checkpoint(chunk, *c, use_reentrant=False) for c in chunks]
    else:
        parts = [chunk(*c) for c in chunks]
    return torch.cat([p[0] for p in parts]), torch.cat([p[1] for p in parts])
