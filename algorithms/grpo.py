"""Group relative policy optimization: PPO without the critic.

Paper: Shao et al. 2024, DeepSeekMath, arXiv:2402.03300, section 4.1 and eq. 3-4.

Objective, maximized: mean over the outputs of (1/|o_i|) sum_t of
    min(rho A_i, clip(rho, 1 - clip_low, 1 + clip_high) A_i) - kl_coef x k3(policy || reference),
with A_i = (r_i - mean(r)) / (std(r) + eps) over the group of completions of one prompt.

Departures from the paper:
- The paper does not say whether the standard deviation divides by G or G - 1; G - 1 here, as in TRL and verl.
- eps = 1e-6 and the separate clip_low, clip_high are not in the paper, which writes one clip range.
- `kl_coef` = 0 drops the reference model altogether.
- `kl_placement` = reward is not in the paper: from a completion's reward goes kl_coef x the KL summed over its tokens,
  before it is compared with its group, as in RLOO (arXiv:2402.14740, section 2).
"""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from rlvr_bench.algorithms.advantages import GroupScale, group_relative
from rlvr_bench.algorithms.kl import Estimator
from rlvr_bench.algorithms.ops import Aggregation
from rlvr_bench.algorithms.surrogate import Checks, KLPlacement, PlacedConfig, kl_cost, surrogate_loss
from rlvr_bench.algorithms.types import Loss, Needs, Role, Rollout, one_of


@dataclass(frozen=True)
class GRPOConfig(PlacedConfig):
    """Settings of GRPO; the defaults are the objective above."""

    scale: GroupScale = "group_std"
    """What the centered rewards are divided by: group_std, batch_std or none."""
    ddof: int = 1
    """The standard deviation divides by n - ddof, 0 or 1."""
    eps: float = 1e-6
    """Added to the standard deviation, reward units, > 0."""
    kl_estimator: Estimator = "k3"
    """Estimator of the KL per token: k2 or k3; with `kl_placement` `reward` also k1 (see `kl.py`)."""
    kl_placement: KLPlacement = "loss"
    """`loss` adds the KL to the policy loss; `reward` subtracts its sum over a completion from the completion's reward,
    before the group is compared."""
    aggregation: Aggregation = "seq_mean_token_mean"
    """How token losses become one number: see `ops.aggregate`."""

    def checks(self) -> Checks:
        return (
            *super().checks(),
            one_of("scale", self.scale, GroupScale),
            (self.ddof in (0, 1), f"ddof must be 0 or 1, got {self.ddof}"),
            (self.eps > 0, f"eps must be > 0, got {self.eps}"),
        )


class GRPO:
    """Advantages from the group's own mean; one clipped loss; no critic."""

    Config = GRPOConfig

    def __init__(self, config: GRPOConfig) -> None:
        self.config = config

    @property
    def roles(self) -> frozenset[Role]:
        return self.config.roles

    @property
    def needs(self) -> Needs:
        """A completion without siblings has nothing to be compared with; only the KL in the reward comes before."""
        return Needs(
            min_group_size=2,
            logprobs_in_prepare=self.config.kl_in_reward,
            entropy_gradient=self.config.entropy_coef > 0,
        )

    def prepare(self, rollout: Rollout) -> Rollout:
        c, rewards = self.config, rollout.rewards
        if c.kl_in_reward:
            rewards = rewards - kl_cost(c, rollout).sum(1)
        advantages = group_relative(rewards, rollout.group_ids, scale=c.scale, ddof=c.ddof, eps=c.eps)
        return rollout.with_scores(advantages=advantages.unsqueeze(1) * rollout.response_mask)

    def policy_loss(self, batch: Rollout, logprobs: Float[Tensor, "B T"], entropy: Float[Tensor, "B T"]) -> Loss:
        return surrogate_loss(self.config, batch, logprobs, entropy)
