"""What must not matter does not: padding, what is masked, order, the reward's zero, the micro-batches."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import pad

from rlvr_bench.algorithms.grpo import GRPO, GRPOConfig
from rlvr_bench.algorithms.ppo import PPO, PPOConfig
from tests.algorithms.samples import change, sample, step
from tests.tolerance import assert_close

MODES = ("token_mean", "seq_mean_token_mean", "seq_mean_token_sum", "constant")
ALGORITHMS = [
    *(PPO(PPOConfig(aggregation=how, entropy_coef=0.1, gamma=0.9, gae_lambda=0.9)) for how in MODES),
    PPO(PPOConfig(kl_placement="loss", kl_estimator="k3", whiten="off", dual_clip=1.3)),
    *(GRPO(GRPOConfig(aggregation=how, entropy_coef=0.1, dual_clip=1.3)) for how in MODES),
    GRPO(GRPOConfig(scale="batch_std", kl_estimator="k2")),
    GRPO(GRPOConfig(scale="none", kl_coef=0)),
]
EACH = pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda a: f"{type(a).__name__}-{a.config.aggregation}")
SEEDS = st.integers(0, 10_000)
LENGTHS = st.lists(st.integers(1, 5), min_size=2, max_size=6)


def same(expected: dict[str, Tensor], actual: dict[str, Tensor]) -> None:
    assert expected.keys() == actual.keys()
    for name, value in expected.items():
        assert_close(value, actual[name], as_float32="clip_fraction" in name)


@EACH
@given(seed=SEEDS, lengths=LENGTHS, left=st.integers(0, 3), right=st.integers(0, 3))
@settings(max_examples=10)
def test_padding_changes_nothing(algorithm: Any, seed: int, lengths: list[int], left: int, right: int) -> None:
    rollout, new = sample(seed, lengths, None)
    wider = change(rollout, lambda _, v: pad(v, (0, right)))
    prompts = {n: pad(getattr(rollout, n), (left, 0)) for n in ("prompt_ids", "prompt_mask")}
    wider = dataclasses.replace(wider, **prompts)
    actual = step(algorithm, wider, change(new, lambda _, v: pad(v, (0, right))))
    for name in [n for n in actual if n.startswith("grad_")]:
        assert not actual[name][:, max(lengths) :].any()
        actual[name] = actual[name][:, : max(lengths)]
    same(step(algorithm, rollout, new), actual)


@EACH
@pytest.mark.parametrize("junk", [20.0, -1e30, math.inf, math.nan])
def test_what_is_masked_changes_no_loss(algorithm: Any, junk: float) -> None:
    rollout, new = sample()
    mask = rollout.response_mask
    dirty = change(rollout, lambda n, v: v if v.dtype != torch.float64 else v.masked_fill(~mask, junk))
    clean, actual = (
        step(algorithm, rollout, new),
        step(algorithm, dirty, change(new, lambda _, v: v.masked_fill(~mask, junk))),
    )
    for name in [n for n in actual if n.startswith("grad_")]:
        if junk == 20:  # the gradient of an overflow is not a number
            assert not actual[name][~mask].any()
        for result in (clean, actual):
            result[name] = result[name][mask]
    same(clean, actual)


@EACH
@given(seed=SEEDS, lengths=LENGTHS)
@settings(max_examples=8)
def test_order_changes_nothing(algorithm: Any, seed: int, lengths: list[int]) -> None:
    rollout, new = sample(seed, lengths, None)
    order = torch.randperm(len(lengths), generator=torch.Generator().manual_seed(seed))
    shuffled = dataclasses.replace(rollout.select(order), group_ids=100 - rollout.group_ids[order])
    actual = step(algorithm, shuffled, change(new, lambda _, v: v[order]))
    expected = {n: v[order] if n.startswith("grad_") else v for n, v in step(algorithm, rollout, new).items()}
    same(expected, actual)


@EACH
@given(seed=SEEDS, lengths=LENGTHS, owners=st.lists(st.integers(0, 3), min_size=6, max_size=6))
@settings(max_examples=12)
def test_micro_batches_add_up(algorithm: Any, seed: int, lengths: list[int], owners: list[int]) -> None:
    rollout, new = sample(seed, lengths, None)
    owner = torch.tensor(owners[: len(lengths)])
    parts = [rows for part in range(4) if len(rows := (owner == part).nonzero().flatten())]
    same(step(algorithm, rollout, new), step(algorithm, rollout, new, parts))


@given(seed=SEEDS, shift=st.floats(-10, 10))
def test_grpo_ignores_the_zero_of_the_reward(seed: int, shift: float) -> None:
    rollout, new = sample(seed)
    shifted = dataclasses.replace(rollout, rewards=rollout.rewards + shift)
    for scale in ("group_std", "batch_std", "none"):
        algorithm = GRPO(GRPOConfig(scale=scale, eps=1e-3))
        same(step(algorithm, rollout, new), step(algorithm, shifted, new))


@pytest.mark.parametrize("reward", [0.0, 1.0, 0.1])
def test_equal_rewards_give_grpo_no_gradient_at_all(reward: float) -> None:
    rollout, new = sample()
    equal = dataclasses.replace(rollout, rewards=torch.full_like(rollout.rewards, reward))
    for scale in ("group_std", "batch_std", "none"):
        result = step(GRPO(GRPOConfig(scale=scale, kl_coef=0)), equal, new)
        assert result["policy"].item() == 0
        assert not result["grad_logprobs"].any()


@given(seed=SEEDS)
def test_unwhitened_ppo_advantages_are_the_outcome_less_the_value(seed: int) -> None:
    rollout, _ = sample(seed)
    ready = PPO(PPOConfig(kl_coef=0, whiten="off")).prepare(rollout)
    assert ready.advantages is not None and ready.returns is not None and rollout.values is not None
    outcome = rollout.rewards.unsqueeze(1) * rollout.response_mask
    assert_close(outcome, ready.returns)
    assert_close(outcome - rollout.values, ready.advantages)


def test_ppo_token_rewards_by_hand() -> None:
    # reward 1 on the second of two tokens; kl_coef 1/2; k1 = old - reference = -1 - (-3) = 2 on both
    rollout, _ = sample(lengths=(2,), groups=(0,), width=3)
    old, reference = torch.tensor([[-1.0, -1, math.nan]]), torch.tensor([[-3.0, -3, 5]])
    rollout = dataclasses.replace(rollout, old_logprobs=old, reference_logprobs=reference, rewards=torch.tensor([1.0]))
    assert PPO(PPOConfig(kl_coef=0.5)).token_rewards(rollout).tolist() == [[-1, 0, 0]]
