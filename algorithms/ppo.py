"""Proximal policy optimization with a learned critic, as used for language models.

Paper: Schulman et al. 2017, arXiv:1707.06347, with generalized advantage estimation (arXiv:1506.02438);
the in-reward KL penalty follows Ziegler et al. 2019, arXiv:1909.08593; the length-adaptive trace, with the critic's
own lambda of 1, follows VAPO, arXiv:2504.05118, where lambda_alpha = 0.05.

Departures from the paper:
- The critic is a model of its own with its own optimizer, so there is no value coefficient.
- The default gamma = gae_lambda = 1: the reward comes once, at the end of a finite episode, and a shorter
  trace only lets the critic's error in (VC-PPO, arXiv:2503.01491; Open-Reasoner-Zero, arXiv:2503.24290).
- The KL to a frozen reference is an addition; the paper's adaptive KL to the old policy is not here.
- The loss is averaged over all tokens of the batch, as in Open-Reasoner-Zero, verl and OpenRLHF.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from rlvr_bench.algorithms.advantages import gae, length_adaptive_lambda, place_on_last_token
from rlvr_bench.algorithms.kl import Estimator
from rlvr_bench.algorithms.losses import clipped_value_loss
from rlvr_bench.algorithms.metrics import value_metrics
from rlvr_bench.algorithms.ops import aggregate, whiten
from rlvr_bench.algorithms.surrogate import Checks, KLPlacement, PlacedConfig, kl_cost, surrogate_loss
from rlvr_bench.algorithms.types import Loss, Needs, Role, Rollout, one_of

Whitening = Literal["off", "batch"]


@dataclass(frozen=True)
class PPOConfig(PlacedConfig):
    """Settings of PPO; those of the run (epochs, minibatches, learning rates) are not here."""

    gamma: float = 1.0
    """Discount per token, in [0, 1]."""
    gae_lambda: float = 1.0
    """Trace decay of the advantage estimate, in [0, 1]; 1 is Monte-Carlo return less value."""
    lambda_alpha: float = 0.0
    """Length-adaptive trace (VAPO), >= 0: lambda is 1 - 1 / (lambda_alpha x tokens of the completion), at least 0, in
    place of `gae_lambda`, and the critic's returns have lambda 1; 0 is off."""
    value_clip: float = 0.2
    """How far a value may move from the one at sampling time, reward units, > 0; 0 is off."""
    kl_coef: float = 0.05
    """Weight of the KL to the reference, reward units per nat, >= 0; 0 drops the reference model."""
    kl_estimator: Estimator = "k1"
    """Estimator of the KL per token: k1, k2 or k3; with `kl_placement` `loss`, k2 or k3 (see `kl.py`)."""
    kl_placement: KLPlacement = "reward"
    """`reward` subtracts the KL from each token's reward before GAE; `loss` adds it to the policy loss."""
    whiten: Whitening = "batch"
    """`batch` shifts and scales the advantages to mean 0 and variance 1 over all tokens of the rollout."""
    whiten_ddof: int = 1
    """Whitening divides by n - ddof, 0 or 1."""

    def checks(self) -> Checks:
        return (
            *super().checks(),
            (0 <= self.gamma <= 1, f"gamma must lie in [0, 1], got {self.gamma}"),
            (0 <= self.gae_lambda <= 1, f"gae_lambda must lie in [0, 1], got {self.gae_lambda}"),
            (self.lambda_alpha >= 0, f"lambda_alpha must be >= 0, got {self.lambda_alpha}"),
            (self.value_clip >= 0, f"value_clip must be >= 0, got {self.value_clip}"),
            (self.whiten_ddof in (0, 1), f"whiten_ddof must be 0 or 1, got {self.whiten_ddof}"),
            one_of("whiten", self.whiten, Whitening),
        )


class PPO:
    """Advantages from a learned critic; a clipped policy loss and a clipped value loss."""

    Config = PPOConfig

    def __init__(self, config: PPOConfig) -> None:
        self.config = config

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset({"critic", *self.config.roles})

    @property
    def needs(self) -> Needs:
        """Only the KL in the reward is taken before the update."""
        return Needs(logprobs_in_prepare=self.config.kl_in_reward, entropy_gradient=self.config.entropy_coef > 0)

    def token_rewards(self, rollout: Rollout) -> Float[Tensor, "B T"]:
        """The outcome on the last token, less kl_coef x KL on every token."""
        rewards = place_on_last_token(rollout.rewards, rollout.response_mask)
        if self.config.kl_in_reward:
            rewards = rewards - kl_cost(self.config, rollout)
        return rewards

    def prepare(self, rollout: Rollout) -> Rollout:
        c, mask = self.config, rollout.response_mask
        assert rollout.values is not None, "PPO needs a critic or exact values: the rollout must carry values"
        rewards = self.token_rewards(rollout)
        advantages, returns = gae(rewards, rollout.values, mask, gamma=c.gamma, gae_lambda=c.gae_lambda)
        if c.lambda_alpha:
            returns = gae(rewards, rollout.values, mask, gamma=c.gamma, gae_lambda=1)[1]
            adapted = length_adaptive_lambda(mask, alpha=c.lambda_alpha)
            advantages = gae(rewards, rollout.values, mask, gamma=c.gamma, gae_lambda=adapted)[0]
        if c.whiten == "batch":
            advantages = whiten(advantages, mask, ddof=c.whiten_ddof)
        return rollout.with_scores(advantages=advantages, returns=returns)

    def policy_loss(self, batch: Rollout, logprobs: Float[Tensor, "B T"], entropy: Float[Tensor, "B T"]) -> Loss:
        return surrogate_loss(self.config, batch, logprobs, entropy)

    def value_loss(self, batch: Rollout, values: Float[Tensor, "B T"]) -> Loss:
        c, mask = self.config, batch.response_mask
        assert batch.values is not None and batch.returns is not None
        per_token, clipped = clipped_value_loss(values, batch.values, batch.returns, value_clip=c.value_clip)
        return Loss(aggregate(per_token, mask, c.aggregation, batch.counts), value_metrics(batch, clipped))
