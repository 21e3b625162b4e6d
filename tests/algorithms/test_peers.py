"""Other libraries' arithmetic as settings of ours, worked by hand; and where ours departs from theirs."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from rlvr_bench.algorithms.advantages import gae, group_relative
from rlvr_bench.algorithms.grpo import GRPO, GRPOConfig
from rlvr_bench.algorithms.losses import clipped_policy_loss, clipped_value_loss
from rlvr_bench.algorithms.ops import aggregate, whiten
from rlvr_bench.algorithms.ppo import PPO, PPOConfig
from rlvr_bench.algorithms.types import BatchCounts
from tests.tolerance import assert_close

GROUP = {  # rewards 1 0 0 0: mean 1/4, squares 3/4; std 1/2 with n - 1, sqrt(3)/4 = 0.4330127... with n
    "trl": (1, 1e-4, 0.75 / 0.5001, -0.25 / 0.5001),
    "verl": (1, 1e-6, 0.75 / 0.500001, -0.25 / 0.500001),
    "openrlhf": (1, 1e-9, 0.75 / 0.500000001, -0.25 / 0.500000001),
    "open-instruct": (0, 1e-8, 0.75 / 0.43301271189221933, -0.25 / 0.43301271189221933),
}


@pytest.mark.parametrize("peer", GROUP)
def test_group_advantage(peer: str) -> None:
    ddof, eps, right, wrong = GROUP[peer]
    rewards = torch.tensor([1.0, 0, 0, 0], dtype=torch.float64)
    actual = group_relative(rewards, torch.zeros(4, dtype=torch.int64), scale="group_std", ddof=ddof, eps=eps)
    assert_close([right, wrong, wrong, wrong], actual)


def test_trl_scale_batch() -> None:
    # two groups, 1 0 and 1 1: less their means 1/2 -1/2 0 0; std of all four with n - 1 is 1/2
    rewards = torch.tensor([1.0, 0, 1, 1], dtype=torch.float64)
    actual = group_relative(rewards, torch.tensor([0, 0, 1, 1]), scale="batch_std", ddof=1, eps=1e-4)
    assert_close([0.5 / 0.5001, -0.5 / 0.5001, 0, 0], actual)


def test_departure_from_verl_a_lone_completion_has_no_advantage() -> None:
    # verl takes mean 0 and std 1 there, so the raw reward; with no sibling there is nothing to compare with
    alone = group_relative(torch.tensor([3.0]), torch.tensor([0]), scale="group_std", ddof=1, eps=1e-6)
    assert alone.tolist() == [0]


def test_whitening() -> None:
    # 1 2 3: mean 2, squares 2; TRL and verl divide by n - 1 (variance 1), OpenRLHF by n (variance 2/3)
    values, mask = torch.tensor([[1.0, 2, 3]], dtype=torch.float64), torch.ones(1, 3, dtype=torch.bool)
    assert_close([[-1 / math.sqrt(1 + 1e-8), 0, 1 / math.sqrt(1 + 1e-8)]], whiten(values, mask, ddof=1))
    biased = math.sqrt(2 / 3 + 1e-8)
    assert_close([[-1 / biased, 0, 1 / biased]], whiten(values, mask, ddof=0))


@pytest.mark.parametrize(
    ("peer", "how", "expected"),
    [
        # losses 1 2 3 | 6 over 2 completions, 4 tokens, length limit 10
        ("TRL grpo, verl seq-mean-token-mean", "seq_mean_token_mean", (2 + 6) / 2),
        ("TRL bnpo and dapo, verl token-mean", "token_mean", 12 / 4),
        ("TRL dr_grpo", "constant", 12 / (2 * 10)),
        ("verl seq-mean-token-sum", "seq_mean_token_sum", 12 / 2),
    ],
)
def test_reductions(peer: str, how: Any, expected: float) -> None:
    losses, mask = torch.tensor([[1.0, 2, 3], [6, 0, 0]]), torch.tensor([[True] * 3, [True, False, False]])
    assert aggregate(losses, mask, how, BatchCounts(2, 4, 10)).item() == pytest.approx(expected), peer


def test_verl_dual_clip() -> None:
    # ratio 4, A = -1: 4, but at most 3 (verl's c); ratio 2: 2
    new = torch.tensor([[math.log(4), math.log(2)]], dtype=torch.float64)
    loss, active = clipped_policy_loss(
        new, torch.zeros_like(new), -torch.ones_like(new), clip_low=0.2, clip_high=0.2, dual_clip=3.0
    )
    assert_close([[3.0, 2.0]], loss)
    assert active.tolist() == [[True, False]]  # `active`, as verl and TRL count; SB3 would count both


def test_trl_and_verl_value_loss() -> None:
    # 0.5 max((2 - 0)^2, (0.5 - 0)^2) and 0.5 max((2 - 3)^2, (0.5 - 3)^2): old value 0, clip 0.5
    values, returns = torch.tensor([[2.0, 2.0]]), torch.tensor([[0.0, 3.0]])
    loss, _ = clipped_value_loss(values, torch.zeros(1, 2), returns, value_clip=0.5)
    assert loss.tolist() == [[2.0, 3.125]]


def test_openrlhf_gae_zeroes_what_is_masked_and_bootstraps_nothing() -> None:
    # gamma 1, lambda 1/2; the reward of 1 on the second token; values 1/2 1/2, junk behind the mask
    # A_1 = 1 - 1/2 = 1/2;  A_0 = 0 + 1/2 - 1/2 + 1/2 x 1/2 = 1/4
    mask = torch.tensor([[True, True, False]])
    rewards, values = torch.tensor([[0.0, 1, 9]]), torch.tensor([[0.5, 0.5, 9]])
    advantages, returns = gae(rewards, values, mask, gamma=1.0, gae_lambda=0.5)
    assert (advantages.tolist(), returns.tolist()) == ([[0.25, 0.5, 0]], [[0.75, 1, 0]])


def test_the_peers_defaults_can_be_written_down() -> None:
    trl = GRPOConfig(ddof=1, eps=1e-4, kl_coef=0.0, aggregation="token_mean")
    dr_grpo = GRPOConfig(scale="none", kl_coef=0.0, aggregation="constant")
    verl = PPOConfig(kl_coef=0.0, dual_clip=3.0, value_clip=0.5)
    openrlhf = PPOConfig(kl_coef=0.01, value_clip=0.5, whiten_ddof=0)
    trl_ppo = PPOConfig(gae_lambda=0.95, kl_coef=0.05)
    roles = [GRPO(trl).roles, GRPO(dr_grpo).roles, *(PPO(c).roles for c in (verl, openrlhf, trl_ppo))]
    assert [len(r) for r in roles] == [1, 1, 2, 3, 3]
