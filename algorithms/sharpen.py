"""A control: lower the entropy of the policy's tokens, and use no reward at all.

What a policy gains in this way it could do before and only did not say: part of what reinforcement gains may be that.
Paper: Agarwal et al. 2025, The Unreasonable Effectiveness of Entropy Minimization, arXiv:2505.15134, section 3 (EM-FT).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from rlvr_bench.algorithms.metrics import policy_metrics
from rlvr_bench.algorithms.ops import Aggregation, aggregate
from rlvr_bench.algorithms.types import Loss, Needs, Role, Rollout, one_of, require


@dataclass(frozen=True)
class SharpenConfig:
    """Settings of the control; how fast it sharpens is the learning rate's to say."""

    aggregation: Aggregation = "token_mean"
    """How token entropies become one number: see `ops.aggregate`."""

    def __post_init__(self) -> None:
        require(one_of("aggregation", self.aggregation, Aggregation))


class Sharpen:
    """The loss is the entropy of the next token at the states that the policy visits."""

    Config = SharpenConfig
    roles: frozenset[Role] = frozenset({"actor"})
    needs = Needs(logprobs_in_prepare=False, rewards=False)

    def __init__(self, config: SharpenConfig) -> None:
        self.config = config

    def prepare(self, rollout: Rollout) -> Rollout:
        """No completion is better than another."""
        return rollout.with_scores(advantages=torch.zeros_like(rollout.response_mask, dtype=torch.float32))

    def policy_loss(self, batch: Rollout, logprobs: Float[Tensor, "B T"], entropy: Float[Tensor, "B T"]) -> Loss:
        unclipped = torch.zeros_like(batch.response_mask)
        return Loss(
            aggregate(entropy, batch.response_mask, self.config.aggregation, batch.counts),
            policy_metrics(batch, logprobs, entropy, unclipped),
        )
