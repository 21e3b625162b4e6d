"""Log-probabilities, entropies and values for the tokens of a rollout, in bounded memory.

The same functions score the rollout (no grad) and compute the loss (grad), for every model and algorithm.
Hidden states are taken at completion positions only, and logits exist for one chunk of tokens at a time, so
no float32 (B, T, V) tensor is ever whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint
from transformers import DynamicCache

from rlvr_bench.algorithms.ops import token_logprobs_and_entropy
from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.models.roles import ScalarModel, backbone_of

CHUNK_LOGITS = 2**25  # logits in one chunk: 128 MiB in float32


def micro_batches(rows: Tensor, width: int, micro_tokens: int) -> Iterator[Tensor]:
    """Row indices in runs of at most `micro_tokens` tokens (at least one row each), in the given order.

    Args:
        rows: (B,) indices; width: tokens per row, prompt and completion with padding.
    """
    yield from rows.split(max(1, micro_tokens // width))


def _states(model: nn.Module, rollout: Rollout, *, after_last: bool) -> Tensor:  # (B, T or T+1, H)
    """Hidden states in which each completion token was chosen; with `after_last` also the one after the last.

    The prompt of completions that stand next to each other is read once, as in sampling: its keys and values
    are repeated for them, and gradients add up in it.
    """
    backbone = backbone_of(model)
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


def _scatter(values: Tensor, mask: Tensor) -> Tensor:  # (N,) -> (B, T), zero where masked
    return torch.zeros(mask.shape, dtype=values.dtype, device=values.device).masked_scatter(mask, values)


def logprobs_and_entropy(model: nn.Module, rollout: Rollout, *, temperature: float) -> tuple[Tensor, Tensor]:
    """Of the sampled tokens under a causal language model; (B, T) each, nats, zero where masked."""
    states = _states(model, rollout, after_last=False)[rollout.response_mask]
    tokens = rollout.completion_ids[rollout.response_mask]
    head = model.get_output_embeddings()

    def chunk(states: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        return token_logprobs_and_entropy(head(states).float() / temperature, tokens)

    size = max(1, CHUNK_LOGITS // head.weight.shape[0])
    if len(tokens) <= size:
        logprobs, entropy = chunk(states, tokens)
    else:
        # Recomputing a chunk's logits in the backward pass costs one output-embedding product more and
        # keeps one chunk alive instead of all.
        run: Callable[..., tuple[Tensor, Tensor]] = chunk
        if torch.is_grad_enabled():

            def run(states: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
                return checkpoint(chunk, states, tokens, use_reentrant=False)

        parts = [run(s, t) for s, t in zip(states.split(size), tokens.split(size), strict=True)]
        logprobs = torch.cat([p[0] for p in parts])
        entropy = torch.cat([p[1] for p in parts])
    return _scatter(logprobs, rollout.response_mask), _scatter(entropy, rollout.response_mask)


def token_values(critic: ScalarModel, rollout: Rollout) -> Tensor:
    """Value of the state in which each token was chosen; (B, T), reward units, zero where masked."""
    states = _states(critic, rollout, after_last=False)[rollout.response_mask]
    return _scatter(critic.head(states).float().squeeze(-1), rollout.response_mask)


def outcome_scores(reward_model: ScalarModel, rollout: Rollout) -> Tensor:
    """Raw score of each whole completion, read at its last token; (B,)."""
    states = _states(reward_model, rollout, after_last=True)
    length = rollout.response_mask.sum(1)
    states = states[torch.arange(len(length), device=length.device), length]
    return reward_model.head(states).float().squeeze(-1)


@torch.no_grad()
def score_rollout(function: Callable[[Rollout], Tensor], rollout: Rollout, micro_tokens: int) -> Tensor:
    """`function` over micro-batches of the rollout, rows in order."""
    width = rollout.prompt_ids.shape[1] + rollout.completion_ids.shape[1]
    rows = torch.arange(len(rollout.rewards), device=rollout.rewards.device)
    return torch.cat([function(rollout.select(part)) for part in micro_batches(rows, width, micro_tokens)])
