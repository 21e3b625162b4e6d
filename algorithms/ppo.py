"""Proximal policy optimisation with a learned critic, as used for language models.

Paper: Schulman et al. 2017, arXiv:1707.06347, with generalised advantage estimation (arXiv:1506.02438);
the in-reward KL penalty follows Ziegler et al. 2019, arXiv:1909.08593.

Departures from the paper:
- The critic is a model of its own with its own optimiser, so there is no value coefficient.
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

from rlvr_bench.algorithms.advantages import gae, place_on_last_token
from rlvr_bench.algorithms.kl import ESTIMATORS, Estimator
from rlvr_bench.algorithms.losses import clipped_policy_loss, clipped_value_loss
from rlvr_bench.algorithms.metrics import policy_metrics, value_metrics
from rlvr_bench.algorithms.ops import Aggregation, aggregate, whiten
from rlvr_bench.algorithms.types import Forward, LossOutput, Role, Rollout, one_of, require

KLPlacement = Literal["reward", "loss"]
Whitening = Literal["off", "batch"]


@dataclass(frozen=True)
class PPOConfig:
    """Settings of PPO; those of the run (epochs, minibatches, learning rates) are not here."""

    gamma: float = 1.0
    """Discount per token, in [0, 1]."""
    gae_lambda: float = 1.0
    """Trace decay of the advantage estimate, in [0, 1]; 1 is Monte-Carlo return less value."""
    clip_low: float = 0.2
    """How far the ratio may fall below 1 before it is clipped, in (0, 1]."""
    clip_high: float = 0.2
    """How far the ratio may rise above 1 before it is clipped, > 0."""
    dual_clip: float = 0.0
    """Bound of the loss in units of |advantage| where the advantage is negative, > 1; 0 is off."""
    value_clip: float = 0.2
    """How far a value may move from the one at sampling time, reward units, > 0; 0 is off."""
    kl_coef: float = 0.05
    """Weight of the KL to the reference, reward units per nat, >= 0; 0 drops the reference model."""
    kl_estimator: Estimator = "k1"
    """Estimator of the KL per token: k1, k2 or k3."""
    kl_placement: KLPlacement = "reward"
    """`reward` subtracts the KL from each token's reward before GAE; `loss` adds it to the policy loss."""
    whiten: Whitening = "batch"
    """`batch` shifts and scales the advantages to mean 0 and variance 1 over all tokens of the rollout."""
    whiten_ddof: int = 1
    """Whitening divides by n - ddof, 0 or 1."""
    entropy_coef: float = 0.0
    """Weight of the entropy bonus, >= 0; 0 is off."""
    aggregation: Aggregation = "token_mean"
    """How token losses become one number: see `ops.aggregate`."""

    def __post_init__(self) -> None:
        require(
            (0 <= self.gamma <= 1, f"gamma must lie in [0, 1], got {self.gamma}"),
            (0 <= self.gae_lambda <= 1, f"gae_lambda must lie in [0, 1], got {self.gae_lambda}"),
            (0 < self.clip_low <= 1, f"clip_low must lie in (0, 1], got {self.clip_low}"),
            (self.clip_high > 0, f"clip_high must be > 0, got {self.clip_high}"),
            (self.dual_clip == 0 or self.dual_clip > 1, f"dual_clip must be 0 (off) or > 1, got {self.dual_clip}"),
            (self.value_clip >= 0, f"value_clip must be >= 0, got {self.value_clip}"),
            (self.kl_coef >= 0, f"kl_coef must be >= 0, got {self.kl_coef}"),
            (self.whiten_ddof in (0, 1), f"whiten_ddof must be 0 or 1, got {self.whiten_ddof}"),
            (self.entropy_coef >= 0, f"entropy_coef must be >= 0, got {self.entropy_coef}"),
            one_of("kl_estimator", self.kl_estimator, Estimator),
            one_of("kl_placement", self.kl_placement, KLPlacement),
            one_of("whiten", self.whiten, Whitening),
            one_of("aggregation", self.aggregation, Aggregation),
        )


class PPO:
    """Advantages from a learned critic; a clipped policy loss and a clipped value loss."""

    Config = PPOConfig

    def __init__(self, config: PPOConfig) -> None:
        self.config = config

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset({"actor", "critic", "reference"} if self.config.kl_coef else {"actor", "critic"})

    @property
    def prepare_needs_logprobs(self) -> bool:
        """Only the KL in the reward is taken before the update."""
        return self.config.kl_coef > 0 and self.config.kl_placement == "reward"

    def token_rewards(self, rollout: Rollout) -> Float[Tensor, "B T"]:
        """The outcome on the last token, less kl_coef x KL on every token."""
        rewards = place_on_last_token(rollout.rewards, rollout.response_mask)
        if self.config.kl_coef and self.config.kl_placement == "reward":
            assert rollout.reference_logprobs is not None, "kl_coef > 0: the rollout must carry reference_logprobs"
            kl = ESTIMATORS[self.config.kl_estimator](rollout.old_logprobs, rollout.reference_logprobs)
            rewards = rewards - self.config.kl_coef * kl.masked_fill(~rollout.response_mask, 0)
        return rewards

    def prepare(self, rollout: Rollout) -> Rollout:
        c, mask = self.config, rollout.response_mask
        assert rollout.values is not None, "PPO declares the role critic: the rollout must carry values"
        advantages, returns = gae(
            self.token_rewards(rollout), rollout.values, mask, gamma=c.gamma, gae_lambda=c.gae_lambda
        )
        if c.whiten == "batch":
            advantages = whiten(advantages, mask, ddof=c.whiten_ddof)
        return rollout.with_scores(advantages=advantages, returns=returns)

    def loss(self, batch: Rollout, new: Forward) -> LossOutput:
        policy, policy_log = self.policy_loss(batch, new) if new.logprobs is not None else (None, {})
        value, value_log = self.value_loss(batch, new.values) if new.values is not None else (None, {})
        return LossOutput(policy, value, policy_log | value_log)

    def policy_loss(self, batch: Rollout, new: Forward) -> tuple[Float[Tensor, ""], dict[str, Float[Tensor, ""]]]:
        """The clipped surrogate, with the KL and entropy terms that the config asks for, and its metrics."""
        c, mask = self.config, batch.response_mask
        assert batch.advantages is not None and new.logprobs is not None and new.entropy is not None
        per_token, clipped = clipped_policy_loss(
            new.logprobs,
            batch.old_logprobs,
            batch.advantages,
            clip_low=c.clip_low,
            clip_high=c.clip_high,
            dual_clip=c.dual_clip,
        )
        if c.kl_coef and c.kl_placement == "loss":
            assert batch.reference_logprobs is not None, "kl_coef > 0: the rollout must carry reference_logprobs"
            per_token = per_token + c.kl_coef * ESTIMATORS[c.kl_estimator](new.logprobs, batch.reference_logprobs)
        if c.entropy_coef:
            per_token = per_token - c.entropy_coef * new.entropy
        return aggregate(per_token, mask, c.aggregation, batch.counts), policy_metrics(batch, new, clipped)

    def value_loss(
        self, batch: Rollout, values: Float[Tensor, "B T"]
    ) -> tuple[Float[Tensor, ""], dict[str, Float[Tensor, ""]]]:
        """The clipped squared error against the returns, and its metrics."""
        c, mask = self.config, batch.response_mask
        assert batch.values is not None and batch.returns is not None
        per_token, clipped = clipped_value_loss(values, batch.values, batch.returns, value_clip=c.value_clip)
        return aggregate(per_token, mask, c.aggregation, batch.counts), value_metrics(batch, clipped)
