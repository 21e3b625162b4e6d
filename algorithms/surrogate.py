"""The clipped policy loss with its KL and entropy terms: what algorithms of the PPO family share.

An algorithm of the family brings advantages; all that follows is here, with its settings and their ranges.
Source: Schulman et al. 2017, arXiv:1707.06347, eq. 7; the KL to a frozen reference as in DeepSeekMath, eq. 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from rlvr_bench.algorithms.kl import ESTIMATORS, Estimator
from rlvr_bench.algorithms.losses import clipped_policy_loss
from rlvr_bench.algorithms.metrics import policy_metrics
from rlvr_bench.algorithms.ops import Aggregation, aggregate
from rlvr_bench.algorithms.types import Loss, Role, Rollout, one_of, require

Checks = tuple[tuple[bool, str], ...]
KLPlacement = Literal["reward", "loss"]


@dataclass(frozen=True)
class SurrogateConfig:
    """Settings of the shared loss; an algorithm's own Config is made from it and may change a default."""

    clip_low: float = 0.2
    """How far the ratio may fall below 1 before it is clipped, in (0, 1]."""
    clip_high: float = 0.2
    """How far the ratio may rise above 1 before it is clipped, > 0."""
    dual_clip: float = 0.0
    """Bound of the loss in units of |advantage| where the advantage is negative, > 1; 0 is off."""
    kl_coef: float = 0.04
    """Weight of the KL to the reference, per nat, >= 0; 0 drops the reference model."""
    kl_estimator: Estimator = "k3"
    """Estimator of the KL per token: k2 or k3; k1 only where the KL is not in the loss (see `kl.py`)."""
    entropy_coef: float = 0.0
    """Weight of the entropy bonus, >= 0; 0 is off."""
    aggregation: Aggregation = "token_mean"
    """How token losses become one number: see `ops.aggregate`."""

    def __post_init__(self) -> None:
        require(*self.checks(), self._has_gradient())  # apart from the checks, so that none of them can replace it

    def checks(self) -> Checks:
        """What must hold, each with the text of the error; an algorithm's Config adds its own."""
        return (
            (0 < self.clip_low <= 1, f"clip_low must lie in (0, 1], got {self.clip_low}"),
            (self.clip_high > 0, f"clip_high must be > 0, got {self.clip_high}"),
            (self.dual_clip == 0 or self.dual_clip > 1, f"dual_clip must be 0 (off) or > 1, got {self.dual_clip}"),
            (self.kl_coef >= 0, f"kl_coef must be >= 0, got {self.kl_coef}"),
            (self.entropy_coef >= 0, f"entropy_coef must be >= 0, got {self.entropy_coef}"),
            one_of("kl_estimator", self.kl_estimator, Estimator),
            one_of("aggregation", self.aggregation, Aggregation),
        )

    def _has_gradient(self) -> tuple[bool, str]:
        return (
            not (self.kl_in_loss and self.kl_estimator == "k1"),
            "kl_estimator must be k2 or k3 where the KL is in the loss, got 'k1', whose expected gradient there is 0 "
            "whatever the reference is (set another estimator, or place the KL in the reward)",
        )

    @property
    def kl_in_loss(self) -> bool:
        """Whether the KL penalty is a term of the policy loss; a Config that can place it elsewhere says so here."""
        return self.kl_coef > 0

    @property
    def roles(self) -> frozenset[Role]:
        """The actor, and the reference where the KL to it has a weight."""
        return frozenset({"actor", "reference"} if self.kl_coef else {"actor"})


@dataclass(frozen=True)
class PlacedConfig(SurrogateConfig):
    """Of an algorithm that can take the KL from the rewards as well as into the loss."""

    kl_placement: KLPlacement = "loss"
    """`reward` subtracts the KL from the rewards that the advantages are made of; `loss` adds it to the policy loss."""

    def checks(self) -> Checks:
        return (*super().checks(), one_of("kl_placement", self.kl_placement, KLPlacement))

    @property
    def kl_in_loss(self) -> bool:
        """Whether the KL penalty is a term of the policy loss."""
        return self.kl_coef > 0 and self.kl_placement == "loss"

    @property
    def kl_in_reward(self) -> bool:
        """Whether the KL penalty is part of the rewards."""
        return self.kl_coef > 0 and self.kl_placement == "reward"


def kl_cost(c: PlacedConfig, rollout: Rollout) -> Float[Tensor, "B T"]:
    """What each token costs where the KL is in the reward, reward units; zero where masked."""
    assert rollout.old_logprobs is not None, "KL in the reward: the rollout must carry old_logprobs"
    assert rollout.reference_logprobs is not None, "kl_coef > 0: the rollout must carry reference_logprobs"
    kl = ESTIMATORS[c.kl_estimator](rollout.old_logprobs, rollout.reference_logprobs)
    return c.kl_coef * kl.masked_fill(~rollout.response_mask, 0)


def surrogate_loss(
    c: SurrogateConfig,
    batch: Rollout,
    logprobs: Float[Tensor, "B T"],
    entropy: Float[Tensor, "B T"],
) -> Loss:
    """The aggregated loss of a micro-batch and the metrics that every algorithm of the family reports.

    Args:
        logprobs, entropy: of the current policy, nats.
    """
    assert batch.advantages is not None and batch.old_logprobs is not None
    per_token, clipped = clipped_policy_loss(
        logprobs, batch.old_logprobs, batch.advantages,
        clip_low=c.clip_low, clip_high=c.clip_high, dual_clip=c.dual_clip,
    )  # fmt: skip
    if c.kl_in_loss:
        assert batch.reference_logprobs is not None, "kl_coef > 0: the rollout must carry reference_logprobs"
        per_token = per_token + c.kl_coef * ESTIMATORS[c.kl_estimator](logprobs, batch.reference_logprobs)
    if c.entropy_coef:
        per_token = per_token - c.entropy_coef * entropy
    return Loss(
        aggregate(per_token, batch.response_mask, c.aggregation, batch.counts),
        policy_metrics(batch, logprobs, entropy, clipped),
    )
