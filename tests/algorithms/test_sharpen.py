"""The control: its gradient is that of the entropy, and no reward changes it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from rlvr_bench.algorithms.conformance_run import make_rollout
from rlvr_bench.algorithms.ops import aggregate
from rlvr_bench.algorithms.sharpen import Sharpen, SharpenConfig


def test_a_step_lowers_the_entropy_of_the_visited_states() -> None:
    rollout, _ = make_rollout(Sharpen.roles)
    logits = torch.randn(*rollout.response_mask.shape, 5, requires_grad=True)

    def entropy() -> Tensor:
        log = logits.log_softmax(-1)
        return -(log.exp() * log).sum(-1)

    algorithm = Sharpen(SharpenConfig())
    before = aggregate(entropy().detach(), rollout.response_mask, "token_mean", rollout.counts)
    logprobs = logits.log_softmax(-1)[..., 0] * rollout.response_mask
    loss = algorithm.policy_loss(algorithm.prepare(rollout), logprobs, entropy())
    assert loss.scalar.item() == pytest.approx(before.item())
    loss.scalar.backward()
    assert logits.grad is not None
    with torch.no_grad():
        logits -= 0.1 * logits.grad
    assert aggregate(entropy().detach(), rollout.response_mask, "token_mean", rollout.counts) < before


def test_no_reward_changes_anything() -> None:
    rollout, new = make_rollout(Sharpen.roles)
    algorithm, found = Sharpen(SharpenConfig()), []
    for rewards in (rollout.rewards, 1 - rollout.rewards):
        ready = algorithm.prepare(replace(rollout, rewards=rewards))
        found.append(algorithm.policy_loss(ready, new.logprobs, new.entropy).scalar.item())
    assert found[0] == found[1]
