"""GAE and group advantages: by hand, against the oracle, and by their properties."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rlvr_bench.algorithms.advantages import (
    gae,
    group_relative,
    length_adaptive_lambda,
    place_on_last_token,
    zero_std_groups,
)
from tests import oracles
from tests.algorithms.samples import sample
from tests.tolerance import assert_close

SEEDS = st.integers(0, 10_000)
SCALES = ("group_std", "batch_std", "none")


def test_gae_by_hand() -> None:
    # gamma = lambda = 0.5; rewards 0 0 1, values 1/2 1/4 3/4, then padding
    # delta_2 = 1 - 3/4 = 1/4;  delta_1 = 1/2 x 3/4 - 1/4 = 1/8;  delta_0 = 1/2 x 1/4 - 1/2 = -3/8
    # A_2 = 1/4;  A_1 = 1/8 + 1/4 x 1/4 = 3/16;  A_0 = -3/8 + 1/4 x 3/16 = -21/64
    # R = A + V: 11/64, 7/16, 1
    rewards = torch.tensor([[0.0, 0.0, 1.0, 0.0]])
    values = torch.tensor([[0.5, 0.25, 0.75, 0.0]])
    mask = torch.tensor([[True, True, True, False]])
    advantages, returns = gae(rewards, values, mask, gamma=0.5, gae_lambda=0.5)
    assert advantages.tolist() == [[-21 / 64, 3 / 16, 1 / 4, 0]]
    assert returns.tolist() == [[11 / 64, 7 / 16, 1, 0]]


def test_the_length_adaptive_trace_by_hand() -> None:
    # alpha = 1/2: 4 tokens 1 - 1/2; 3 tokens 1 - 2/3; 1 token 1 - 2 < 0, so 0; none counts as one
    mask = torch.arange(4) < torch.tensor([[4], [3], [1], [0]])
    assert_close([1 / 2, 1 / 3, 0, 0], length_adaptive_lambda(mask, alpha=0.5))


def test_each_completion_can_have_a_lambda_of_its_own() -> None:
    # gamma = 1; rewards 0 1, values 1/2 1/4: delta_1 = 3/4, delta_0 = 1/4 - 1/2 = -1/4
    # lambda 1/2: A_0 = -1/4 + 3/8 = 1/8;  lambda 0: A_0 = -1/4
    rewards, values = torch.tensor([[0.0, 1.0]]).expand(2, 2), torch.tensor([[0.5, 0.25]]).expand(2, 2)
    advantages, returns = gae(rewards, values, torch.ones(2, 2).bool(), gamma=1, gae_lambda=torch.tensor([0.5, 0]))
    assert advantages.tolist() == [[1 / 8, 3 / 4], [-1 / 4, 3 / 4]]
    assert returns.tolist() == [[5 / 8, 1], [1 / 4, 1]]


@pytest.mark.parametrize(("gamma", "lam"), [(1, 1), (0.9, 0.95), (1, 0), (0, 1), (0.5, 1), (1, 0.3)])
def test_gae_matches_the_oracle(gamma: float, lam: float) -> None:
    rollout, new = sample()
    assert new.logprobs is not None and rollout.values is not None
    rewards, values, mask = new.logprobs, rollout.values, rollout.response_mask
    expected = oracles.gae(rewards.tolist(), values.tolist(), mask.tolist(), gamma, lam)
    for reference, actual in zip(expected, gae(rewards, values, mask, gamma=gamma, gae_lambda=lam), strict=True):
        assert_close(reference, actual)


@given(SEEDS)
def test_gamma_and_lambda_one_is_monte_carlo(seed: int) -> None:
    rollout, new = sample(seed)
    assert new.logprobs is not None and rollout.values is not None
    rewards, mask = new.logprobs, rollout.response_mask
    advantages, returns = gae(rewards, rollout.values, mask, gamma=1, gae_lambda=1)
    for i, row in enumerate(rewards.tolist()):
        for t in range(int(mask[i].sum())):
            assert_close(sum(row[t:]), returns[i, t])
            assert_close(sum(row[t:]) - rollout.values[i, t], advantages[i, t])


@pytest.mark.parametrize("junk", [1e30, math.inf, math.nan])
def test_gae_ignores_what_is_masked(junk: float) -> None:
    rollout, new = sample()
    assert new.logprobs is not None and rollout.values is not None
    mask = rollout.response_mask
    clean = gae(new.logprobs, rollout.values, mask, gamma=0.9, gae_lambda=0.9)
    dirty = (t.masked_fill(~mask, junk) for t in (new.logprobs, rollout.values))
    for expected, actual in zip(clean, gae(*dirty, mask, gamma=0.9, gae_lambda=0.9), strict=True):
        assert torch.equal(expected, actual)
        assert not actual[~mask].any()


@pytest.mark.parametrize(("gamma", "lam"), [(-0.1, 1), (1.1, 1), (1, -0.1), (1, 1.1), (math.nan, 1)])
def test_gae_refuses_impossible_discounts(gamma: float, lam: float) -> None:
    one = torch.ones(1, 1)
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        gae(one, one, one.bool(), gamma=gamma, gae_lambda=lam)


def test_group_advantages_by_hand() -> None:
    # group 5: rewards 1 0 0 0, mean 1/4, squares 9/16 + 3/16 = 3/4; n - 1: std = sqrt(1/4) = 1/2; n: sqrt(3/16)
    # group 3: rewards 2 4, mean 3; all six: mean 7/6, squares 21 - 49/6 = 77/6
    rewards = torch.tensor([1.0, 2, 0, 0, 4, 0], dtype=torch.float64)
    groups = torch.tensor([5, 3, 5, 5, 3, 5])
    centered = [0.75, -1, -0.25, -0.25, 1, -0.25]
    by_group = {1: [0.5, 2**0.5], 0: [(3 / 16) ** 0.5, 1.0]}
    for ddof, (std5, std3) in by_group.items():
        expected = [c / ((std5 if g == 5 else std3) + 0.25) for c, g in zip(centered, groups.tolist(), strict=True)]
        assert_close(expected, group_relative(rewards, groups, scale="group_std", ddof=ddof, eps=0.25))
        std = (77 / 6 / (6 - ddof)) ** 0.5
        expected = [c / (std + 0.25) for c in centered]
        assert_close(expected, group_relative(rewards, groups, scale="batch_std", ddof=ddof, eps=0.25))
        assert_close(centered, group_relative(rewards, groups, scale="none", ddof=ddof, eps=0.25))


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("ddof", [0, 1])
@given(groups=st.lists(st.integers(-3, 3), min_size=1, max_size=9), seed=SEEDS)
def test_group_advantages_match_the_oracle(scale: str, ddof: int, groups: list[int], seed: int) -> None:
    rewards = torch.randn(len(groups), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    actual = group_relative(rewards, torch.tensor(groups), scale=scale, ddof=ddof, eps=1e-3)  # type: ignore[arg-type]
    assert_close(oracles.group_relative(rewards.tolist(), groups, scale, ddof, 1e-3), actual)
    shifted = group_relative(rewards + 3, torch.tensor(groups), scale=scale, ddof=ddof, eps=1e-3)  # type: ignore[arg-type]
    assert_close(actual, shifted)
    order = torch.randperm(len(groups), generator=torch.Generator().manual_seed(seed))
    permuted = group_relative(rewards[order], torch.tensor(groups)[order], scale=scale, ddof=ddof, eps=1e-3)  # type: ignore[arg-type]
    assert_close(actual[order], permuted)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@given(reward=st.floats(-100, 100, width=32), size=st.integers(1, 9))
def test_an_equal_group_has_exactly_no_advantage(scale: str, dtype: torch.dtype, reward: float, size: int) -> None:
    rewards = torch.tensor([reward] * size + [0.3, 0.7], dtype=dtype)
    groups = torch.tensor([4] * size + [1, 1])
    for ddof in (0, 1):
        advantages = group_relative(rewards, groups, scale=scale, ddof=ddof, eps=1e-9)  # type: ignore[arg-type]
        assert advantages[:size].tolist() == [0.0] * size
        assert advantages[size:].all()


def test_group_advantages_refuse_an_unknown_scale() -> None:
    with pytest.raises(Exception, match=r"scale|median"):
        group_relative(torch.ones(2), torch.zeros(2, dtype=torch.int64), scale="median", ddof=1, eps=1)  # type: ignore[arg-type]


def test_zero_std_groups_by_hand() -> None:
    # groups 0: 1 1 (equal); 1: 0 1; 2: 0 0 0 (equal); 3: one alone (equal): 3 of 4
    rewards = torch.tensor([1.0, 0, 0, 1, 1, 0, 0, 0.1])
    assert zero_std_groups(rewards, torch.tensor([0, 1, 2, 0, 1, 2, 2, 3])).item() == 0.75
    assert zero_std_groups(torch.tensor([-2.0, -2]), torch.tensor([0, 1])).item() == 1
    assert zero_std_groups(torch.tensor([-2.0, -1]), torch.tensor([0, 0])).item() == 0


def test_the_outcome_lands_on_the_last_token() -> None:
    mask = torch.tensor([[True, True, False], [True, True, True], [False, False, False], [True, False, False]])
    placed = place_on_last_token(torch.tensor([1.0, -2, 3, 4]), mask)
    assert placed.tolist() == [[0, 1, 0], [0, 0, -2], [0, 0, 0], [4, 0, 0]]
