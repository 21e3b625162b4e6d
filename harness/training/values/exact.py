"""The exact value of every state of a sampled completion, where a prompt has one right completion.

A state on the right way is worth the probability that the policy writes the rest of the right completion, and a state
off it nothing.  One forward pass of the policy over the right completion of each prompt gives all of them.  In a chain
a slip may be hidden by a later product or a second slip, and still earn the reward: that share is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from rlvr_bench.algorithms.types import BatchCounts, Rollout
from rlvr_bench.harness.tasks.types import Item
from rlvr_bench.harness.training.warm_start import demonstrated

Scorer = Callable[[Rollout], Tensor]
"""Log-probabilities of a rollout's completions under the policy that sampled, nats, (B, T)."""


def exact_values(rollout: Rollout, items: Sequence[Item], task: Any, tokenizer: Any, score: Scorer) -> Tensor:
    """Of the state in which each token was chosen, as a share of the right completion's reward, (B, T).

    Args:
        items: of the groups, in the order in which they come in the rollout.
        task: has demonstrations (`Demonstrates`); without slips and habits they are the right completions.
    """
    group_of = torch.unique_consecutive(rollout.group_ids, return_inverse=True)[
        1
    ]  # how many groups come before its own
    written = [demonstrated(tokenizer, task, item) for item in items]
    right = _right_ones(rollout, group_of, written)
    logprobs = score(right).masked_fill(~right.response_mask, 0)
    left = logprobs.flip(1).cumsum(1).flip(1).exp()  # that what is left from token t on is written
    left = left * ~right.truncated.unsqueeze(1)  # too long for the run: nobody can write it

    width = rollout.completion_ids.shape[1]
    sought = _columns(right.completion_ids, width, -1)[group_of]
    same = (rollout.completion_ids == sought) & _columns(right.response_mask, width, False)[group_of]
    before = pad(same.long(), (1, -1), value=1).cumprod(1)
    return _columns(left, width, 0.0)[group_of] * before * rollout.response_mask


def _right_ones(rollout: Rollout, group_of: Tensor, written: list[list[int]]) -> Rollout:
    """A rollout of the right completion of each prompt; those longer than the run allows are cut and marked so."""
    device, limit = rollout.completion_ids.device, rollout.counts.max_tokens
    cut = [torch.tensor(tokens[:limit], device=device) for tokens in written]
    mask = pad_sequence([torch.ones_like(tokens, dtype=torch.bool) for tokens in cut], batch_first=True)
    first = torch.searchsorted(group_of, torch.arange(len(written), device=device))
    return replace(
        rollout.select(first),
        completion_ids=pad_sequence(cut, batch_first=True),
        response_mask=mask,
        truncated=torch.tensor([len(tokens) > limit for tokens in written], device=device),
        counts=BatchCounts.of(mask, limit),
    )


def _columns(rows: Tensor, width: int, empty: float) -> Tensor:
    """So many columns of the rows, further ones empty."""
    return pad(rows[:, :width], (0, max(0, width - rows.shape[1])), value=empty)
