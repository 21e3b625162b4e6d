"""Log-probabilities, entropies and values for the tokens of a rollout, in bounded memory.

The same functions score the rollout (no grad) and compute the loss (grad), for every model and algorithm.
Hidden states are taken at completion positions only, and logits exist for one chunk of tokens at a time, so
no float32 (B, T, V) tensor is ever whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from algorithms.ops import token_logprobs_and_entropy
from algorithms.types import Rollout
from harness.models.roles import ScalarModel, backbone_of

CHUNK_LOGITS = 2**25  # logits in one chunk: 128 MiB in float32


def micro_batches(rows: Tensor, width: int, micro_tokens: int) -> Iterator[Tensor]:
    """Row indices in runs of at most `micro_tokens` tokens (at least one row each).

    Args:
        rows: (B,) indices; width: tokens per row, prompt and completion with padding.
    """
    yield from rows.split(max(1, micro_tokens // width))


def _hidden(model: nn.Module, rollout: Rollout) -> Tensor:  # (B, P+T, H)
    mask = torch.cat([rollout.prompt_mask, rollout.response_mask], dim=1)
    positions = (mask.long().cumsum(1) - 1).clamp(min=0)
    return backbone_of(model)(
        input_ids=torch.cat([rollout.prompt_ids, rollout.completion_ids], dim=1),
        attention_mask=mask.long(),
        position_ids=positions,
        use_cache=False,
    ).last_hidden_state


def _before_each_token(hidden: Tensor, rollout: Rollout) -> Tensor:  # (N, H) at the masked tokens
    """The state in which each completion token was chosen: one position to its left."""
    start = rollout.prompt_ids.shape[1] - 1
    return hidden[:, start : start + rollout.completion_ids.shape[1]][rollout.response_mask]


def _scatter(values: Tensor, mask: Tensor) -> Tensor:  # (N,) -> (B, T), zero where masked
    return torch.zeros(mask.shape, dtype=values.dtype, device=values.device).masked_scatter(mask, values)


def logprobs_and_entropy(model: nn.Module, rollout: Rollout, *, temperature: float) -> tuple[Tensor, Tensor]:
    """Of the sampled tokens under a causal language model; (B, T) each, nats, zero where masked."""
    states = _before_each_token(_hidden(model, rollout), rollout)
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
    states = _before_each_token(_hidden(critic, rollout), rollout)
    return _scatter(critic.head(states).float().squeeze(-1), rollout.response_mask)


def outcome_scores(reward_model: ScalarModel, rollout: Rollout) -> Tensor:
    """Raw score of each whole completion, read at its last token; (B,)."""
    hidden = _hidden(reward_model, rollout)
    last = rollout.prompt_ids.shape[1] + rollout.response_mask.sum(1) - 1
    states = hidden[torch.arange(len(last), device=last.device), last]
    return reward_model.head(states).float().squeeze(-1)


@torch.no_grad()
def score_rollout(function: Callable[[Rollout], Tensor], rollout: Rollout, micro_tokens: int) -> Tensor:
    """`function` over micro-batches of the rollout, rows in order."""
    width = rollout.prompt_ids.shape[1] + rollout.completion_ids.shape[1]
    rows = torch.arange(len(rollout.rewards), device=rollout.rewards.device)
    return torch.cat([function(rollout.select(part)) for part in micro_batches(rows, width, micro_tokens)])
