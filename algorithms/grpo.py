"""Group relative policy optimisation: PPO without the critic.

Paper: Shao et al. 2024, DeepSeekMath, arXiv:2402.03300, section 4.1 and eq. 3-4.

Objective, maximised: mean over the outputs of (1/|o_i|) sum_t of
    min(rho A_i, clip(rho, 1 - clip_low, 1 + clip_high) A_i) - kl_coef x k3(policy || reference),
with A_i = (r_i - mean(r)) / (std(r) + eps) over the group of completions of one prompt.

Departures from the paper:
- The paper does not say whether the standard deviation divides by G or G - 1; G - 1 here, as in TRL and verl.
- eps = 1e-6 and the separate clip_low, clip_high are not in the paper, which writes one clip range.
- `kl_coef` = 0 drops the reference model altogether.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rlvr_bench.algorithms.advantages import GroupScale, group_relative
from rlvr_bench.algorithms.kl import ESTIMATORS, Estimator
from rlvr_bench.algorithms.losses import clipped_policy_loss
from rlvr_bench.algorithms.metrics import policy_metrics
from rlvr_bench.algorithms.ops import Aggregation, aggregate
from rlvr_bench.algorithms.types import Forward, LossOutput, Role, Rollout, one_of, require


@dataclass(frozen=True)
class GRPOConfig:
    """Settings of GRPO; the defaults are the objective above."""

    scale: GroupScale = "group_std"
    """What the centred rewards are divided by: group_std, batch_std or none."""
    ddof: int = 1
    """The standard deviation divides by n - ddof, 0 or 1."""
    eps: float = 1e-6
    """Added to the standard deviation, reward units, > 0."""
    clip_low: float = 0.2
    """How far the ratio may fall below 1 before it is clipped, in (0, 1]."""
    clip_high: float = 0.2
    """How far the ratio may rise above 1 before it is clipped, > 0."""
    dual_clip: float = 0.0
    """Bound of the loss in units of |advantage| where the advantage is negative, > 1; 0 is off."""
    kl_coef: float = 0.04
    """Weight of the KL to the reference in the loss, per nat, >= 0; 0 drops the reference model."""
    kl_estimator: Estimator = "k3"
    """Estimator of the KL per token: k1, k2 or k3."""
    entropy_coef: float = 0.0
    """Weight of the entropy bonus, >= 0; 0 is off."""
    aggregation: Aggregation = "seq_mean_token_mean"
    """How token losses become one number: see `ops.aggregate`."""

    def __post_init__(self) -> None:
        require(
            one_of("scale", self.scale, GroupScale),
            (self.ddof in (0, 1), f"ddof must be 0 or 1, got {self.ddof}"),
            (self.eps > 0, f"eps must be > 0, got {self.eps}"),
            (0 < self.clip_low <= 1, f"clip_low must lie in (0, 1], got {self.clip_low}"),
            (self.clip_high > 0, f"clip_high must be > 0, got {self.clip_high}"),
            (self.dual_clip == 0 or self.dual_clip > 1, f"dual_clip must be 0 (off) or > 1, got {self.dual_clip}"),
            (self.kl_coef >= 0, f"kl_coef must be >= 0, got {self.kl_coef}"),
            (self.entropy_coef >= 0, f"entropy_coef must be >= 0, got {self.entropy_coef}"),
            one_of("kl_estimator", self.kl_estimator, Estimator),
            one_of("aggregation", self.aggregation, Aggregation),
        )


class GRPO:
    """Advantages from the group's own mean; one clipped loss; no critic."""

    Config = GRPOConfig
    min_group_size: ClassVar[int] = 2  # a completion without siblings has nothing to be compared with
    prepare_needs_logprobs: ClassVar[bool] = False

    def __init__(self, config: GRPOConfig) -> None:
        self.config = config

    @property
    def roles(self) -> frozenset[Role]:
        return frozenset({"actor", "reference"} if self.config.kl_coef else {"actor"})

    def prepare(self, rollout: Rollout) -> Rollout:
        c = self.config
        advantages = group_relative(rollout.rewards, rollout.group_ids, scale=c.scale, ddof=c.ddof, eps=c.eps)
        return rollout.with_scores(advantages=advantages.unsqueeze(1) * rollout.response_mask)

    def loss(self, batch: Rollout, new: Forward) -> LossOutput:
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
        if c.kl_coef:
            assert batch.reference_logprobs is not None, "kl_coef > 0: the rollout must carry reference_logprobs"
            per_token = per_token + c.kl_coef * ESTIMATORS[c.kl_estimator](new.logprobs, batch.reference_logprobs)
        if c.entropy_coef:
            per_token = per_token - c.entropy_coef * new.entropy
        policy = aggregate(per_token, mask, c.aggregation, batch.counts)
        return LossOutput(policy, None, policy_metrics(batch, new, clipped))
