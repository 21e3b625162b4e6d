"""PPO without a critic's error: the values are exact. A control for what a better critic could give PPO.

Where a prompt has one right completion, as a chain of operations has, the value of a state is the probability that the
policy writes the rest of it, and 0 after the first token that differs.  The harness reads it off the policy itself.

Departures from `ppo.py`:
- No critic is held, read or trained.
- The default gae_lambda = 0: what a token adds to the exact value is its advantage, with no noise from later tokens.
- No discount, and the KL to the reference is in the loss only: the exact value is that of the reward alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from rlvr_bench.algorithms.advantages import gae, place_on_last_token
from rlvr_bench.algorithms.ops import whiten
from rlvr_bench.algorithms.ppo import Whitening
from rlvr_bench.algorithms.surrogate import Checks, SurrogateConfig, surrogate_loss
from rlvr_bench.algorithms.types import Loss, Needs, Role, Rollout, one_of


@dataclass(frozen=True)
class OraclePPOConfig(SurrogateConfig):
    """Settings of PPO that have a meaning where the values are exact."""

    gae_lambda: float = 0.0
    """Trace decay of the advantage estimate, in [0, 1]; 0 is the change of the value, 1 the reward less the value."""
    whiten: Whitening = "batch"
    """`batch` shifts and scales the advantages to mean 0 and variance 1 over all tokens of the rollout."""
    whiten_ddof: int = 1
    """Whitening divides by n - ddof, 0 or 1."""

    def checks(self) -> Checks:
        return (
            *super().checks(),
            (0 <= self.gae_lambda <= 1, f"gae_lambda must lie in [0, 1], got {self.gae_lambda}"),
            (self.whiten_ddof in (0, 1), f"whiten_ddof must be 0 or 1, got {self.whiten_ddof}"),
            one_of("whiten", self.whiten, Whitening),
        )


class OraclePPO:
    """Advantages from exact values; a clipped policy loss."""

    Config = OraclePPOConfig

    def __init__(self, config: OraclePPOConfig) -> None:
        self.config = config

    @property
    def roles(self) -> frozenset[Role]:
        return self.config.roles

    @property
    def needs(self) -> Needs:
        """Exact values; log-probabilities serve the ratio only."""
        return Needs(
            logprobs_in_prepare=False,
            entropy_gradient=self.config.entropy_coef > 0,
            exact_values=True,
        )

    def prepare(self, rollout: Rollout) -> Rollout:
        c, mask = self.config, rollout.response_mask
        assert rollout.values is not None, "exact_values is declared: the rollout must carry values"
        rewards = place_on_last_token(rollout.rewards, mask)
        advantages, returns = gae(rewards, rollout.values, mask, gamma=1, gae_lambda=c.gae_lambda)
        if c.whiten == "batch":
            advantages = whiten(advantages, mask, ddof=c.whiten_ddof)
        return rollout.with_scores(advantages=advantages, returns=returns)

    def policy_loss(self, batch: Rollout, logprobs: Float[Tensor, "B T"], entropy: Float[Tensor, "B T"]) -> Loss:
        return surrogate_loss(self.config, batch, logprobs, entropy)
