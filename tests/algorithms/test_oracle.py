"""PPO with exact values: credit goes to the token that changes the value, and there is no noise in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from rlvr_bench.algorithms.conformance_run import make_rollout
from rlvr_bench.algorithms.oracle import OraclePPO
from rlvr_bench.algorithms.ppo import PPO
from rlvr_bench.algorithms.types import BatchCounts, Rollout


def rollout(values: list[list[float]], rewards: list[float]) -> Rollout:
    """Completions of three tokens each."""
    mask = torch.ones(len(values), 3, dtype=torch.bool)
    made, _ = make_rollout(frozenset({"actor"}))
    part = made.select(torch.arange(len(values)), counts=BatchCounts.of(mask, 3))
    return replace(
        part, completion_ids=torch.ones(len(values), 3, dtype=torch.long), response_mask=mask,
        old_logprobs=torch.zeros(len(values), 3), rewards=torch.tensor(rewards), values=torch.tensor(values),
    )  # fmt: skip


def advantages(lam: float, given: Rollout) -> torch.Tensor:
    found = OraclePPO(OraclePPO.Config(gae_lambda=lam, whiten="off")).prepare(given).advantages
    assert found is not None
    return found


def test_without_a_trace_a_token_is_credited_with_what_it_changes() -> None:
    """The second token of the first completion was the slip: it alone lost what the state was worth."""
    given = rollout([[0.2, 0.4, 0.0], [0.2, 0.4, 0.8]], [0.0, 1.0])
    expected = torch.tensor([[0.2, -0.4, 0.0], [0.2, 0.4, 0.2]])
    assert torch.allclose(advantages(0, given), expected)


def test_with_the_whole_trace_it_is_the_reward_less_the_value() -> None:
    given = rollout([[0.2, 0.4, 0.0], [0.2, 0.4, 0.8]], [0.0, 1.0])
    expected = torch.tensor([[-0.2, -0.4, 0.0], [0.8, 0.6, 0.2]])
    assert torch.allclose(advantages(1, given), expected)


@pytest.mark.parametrize("lam", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("whiten", ["off", "batch"])
def test_it_is_ppo_where_the_critic_says_the_same(lam: float, whiten: str) -> None:
    given, new = make_rollout(frozenset({"actor", "reference"}), exact=True)
    shared = {"gae_lambda": lam, "whiten": whiten, "kl_coef": 0.1, "kl_estimator": "k3"}
    oracle, ppo = OraclePPO(OraclePPO.Config(**shared)), PPO(PPO.Config(**shared, kl_placement="loss"))  # type: ignore[arg-type]
    a, b = oracle.prepare(given), ppo.prepare(given)
    assert a.advantages is not None and b.advantages is not None
    assert torch.equal(a.advantages, b.advantages)
    losses = [one.policy_loss(a, new.logprobs, new.entropy).scalar for one in (oracle, ppo)]
    assert torch.equal(*losses)


def test_holds_no_critic() -> None:
    algorithm = OraclePPO(OraclePPO.Config())
    assert algorithm.roles == {"actor", "reference"} and algorithm.needs.exact_values
    assert OraclePPO(OraclePPO.Config(kl_coef=0.0)).roles == {"actor"}


@pytest.mark.parametrize("bad", [{"gae_lambda": 1.5}, {"whiten_ddof": 2}, {"clip_low": 0.0}])
def test_refuses(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        OraclePPO.Config(**bad)  # type: ignore[arg-type]
