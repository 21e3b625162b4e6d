"""PPO and GRPO, prepare and loss together, against the oracle: every option, ragged and padded batches."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch

from rlvr_bench.algorithms.grpo import GRPO, GRPOConfig
from rlvr_bench.algorithms.ppo import PPO, PPOConfig
from tests import oracles
from tests.algorithms.samples import sample, step, to_lists
from tests.tolerance import assert_close

MODES = ("token_mean", "seq_mean_token_mean", "seq_mean_token_sum", "constant")
SHARED: list[dict[str, Any]] = [
    {},
    *({"aggregation": how} for how in MODES),
    *({"kl_estimator": name, "kl_coef": 0.3} for name in ("k2", "k3")),
    {"clip_low": 0.1, "clip_high": 0.4},
    {"clip_low": 0.4, "clip_high": 0.1, "dual_clip": 1.2},
    {"entropy_coef": 0.7},
    {"kl_coef": 0.0},
]
PPO_ONLY: list[dict[str, Any]] = [
    {"kl_estimator": "k1", "kl_coef": 0.3},
    *({"kl_estimator": name, "kl_coef": 0.3, "kl_placement": "loss"} for name in ("k2", "k3")),
    {"gamma": 0.9, "gae_lambda": 0.8},
    {"gamma": 0.9, "gae_lambda": 0.8, "lambda_alpha": 0.6},
    {"gamma": 0.9, "gae_lambda": 0.8, "kl_coef": 0.0, "whiten": "off", "value_clip": 0.0},
    {"whiten": "batch", "whiten_ddof": 0},
    {"value_clip": 0.05},
]
GRPO_ONLY: list[dict[str, Any]] = [
    *({"scale": s, "ddof": ddof, "eps": 0.1} for s in ("group_std", "batch_std", "none") for ddof in (0, 1)),
    *({"kl_estimator": name, "kl_coef": 0.3, "kl_placement": "reward"} for name in ("k1", "k2", "k3")),
]
NAMES = {"grad_logprobs", "grad_entropy", "grad_values"}


def differentiate(lists: oracles.Batch, oracle: Any, config: Any, name: str, advantage_side: str) -> list[list[float]]:
    """Central differences of the oracle's loss by each entry of one of its lists."""
    h, result = 1e-6, []
    for i, row in enumerate(getattr(lists, name)):
        result.append([])
        for t in range(len(row)):
            ends = []
            for sign in (1, -1):
                rows = [list(r) for r in getattr(lists, name)]
                rows[i][t] += sign * h
                ends.append(oracle(dataclasses.replace(lists, **{name: rows}), config).log[advantage_side])
            result[-1].append((ends[0] - ends[1]) / (2 * h))
    return result


@pytest.mark.parametrize("fields", SHARED + PPO_ONLY, ids=str)
@pytest.mark.parametrize("width", [None, 7])
def test_ppo_matches_the_oracle(fields: dict[str, Any], width: int | None) -> None:
    rollout, new = sample(width=width)
    algorithm = PPO(PPOConfig(**fields))
    expected = oracles.ppo(to_lists(rollout, new), algorithm.config)
    ready = algorithm.prepare(rollout)
    assert ready.advantages is not None and ready.returns is not None
    assert_close(expected.advantages, ready.advantages)
    assert_close(expected.returns, ready.returns)
    actual = step(algorithm, rollout, new)
    assert expected.log.keys() == actual.keys() - NAMES
    for name, number in expected.log.items():
        assert_close(number, actual[name], as_float32="clip_fraction" in name)


@pytest.mark.parametrize("fields", SHARED + GRPO_ONLY, ids=str)
@pytest.mark.parametrize("width", [None, 7])
def test_grpo_matches_the_oracle(fields: dict[str, Any], width: int | None) -> None:
    rollout, new = sample(width=width)
    algorithm = GRPO(GRPOConfig(**fields))
    expected = oracles.grpo(to_lists(rollout, new), algorithm.config)
    ready = algorithm.prepare(rollout)
    assert ready.advantages is not None and ready.returns is None
    assert_close(expected.advantages, ready.advantages)
    actual = step(algorithm, rollout, new)
    assert expected.log.keys() == actual.keys() - NAMES
    for name, number in expected.log.items():
        assert_close(number, actual[name], as_float32="clip_fraction" in name)


@pytest.mark.parametrize(
    "algorithm", [PPO(PPOConfig(kl_placement="loss", kl_estimator="k3")), GRPO(GRPOConfig(entropy_coef=0.1))]
)
def test_gradients_match_the_differences_of_the_oracle(algorithm: PPO | GRPO) -> None:
    rollout, new = sample(lengths=(3, 1, 2), groups=(0, 0, 1))
    actual, lists = step(algorithm, rollout, new), to_lists(rollout, new)
    oracle = oracles.ppo if isinstance(algorithm, PPO) else oracles.grpo
    sides = {
        "new": ("policy", "grad_logprobs"),
        "values": ("value", "grad_values"),
        "entropy": ("policy", "grad_entropy"),
    }
    for name, (side, gradient) in sides.items():
        if gradient not in actual:
            continue
        expected = differentiate(lists, oracle, algorithm.config, name, side)
        assert_close(expected, actual[gradient], as_float32=True)
        assert actual[gradient].any()


@pytest.mark.parametrize("algorithm", [PPO(PPOConfig(kl_placement="loss", kl_estimator="k3")), GRPO(GRPOConfig())])
def test_no_gradient_flows_into_the_rollout(algorithm: PPO | GRPO) -> None:
    rollout, new = sample()
    ready = algorithm.prepare(rollout)
    scores = ("old_logprobs", "reference_logprobs", "values", "advantages", "returns")
    leaves = {n: v.clone().requires_grad_() for n in scores if (v := getattr(ready, n)) is not None}
    new = dataclasses.replace(new, logprobs=new.logprobs.clone().requires_grad_(), values=new.values.requires_grad_())
    batch = dataclasses.replace(ready, **leaves)
    losses = [algorithm.policy_loss(batch, new.logprobs, new.entropy)]
    losses += [algorithm.value_loss(batch, new.values)] if isinstance(algorithm, PPO) else []
    torch.autograd.backward([loss.scalar for loss in losses])
    assert {n: v.grad for n, v in leaves.items()} == dict.fromkeys(leaves)
    assert new.logprobs.grad.any()


@pytest.mark.parametrize("algorithm", [PPO(PPOConfig()), GRPO(GRPOConfig())])
def test_float32_stays_float32(algorithm: PPO | GRPO) -> None:
    rollout, new = sample(dtype=torch.float32)
    result = step(algorithm, rollout, new)
    oracle = oracles.ppo if isinstance(algorithm, PPO) else oracles.grpo
    assert {v.dtype for v in result.values()} == {torch.float32}
    assert_close(oracle(to_lists(rollout, new), algorithm.config).log["policy"], result["policy"])
