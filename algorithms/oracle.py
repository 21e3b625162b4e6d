"""PPO without a critic's error: the values are exact. A control for what a better critic could give PPO.

Where a prompt has one right completion, as a chain of operations has, the value of a state is the probability that the
policy writes the rest of it, and 0 after the first token that differs.  The harness reads it off the policy itself.

Departures from `ppo.py`:
- No critic is held, read or trained.
- The default gae_lambda = 0: what a token adds to the exact value is its advantage, with no noise from later tokens.
- No discount, and the KL to the reference is in the loss only: the exact value is that of the reward alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from jaxtyping import Float
from torch import Tensor

from rlvr_bench.algorithms.ppo import PPO, PPOConfig, Whitening
from rlvr_bench.algorithms.surrogate import Checks, SurrogateConfig
from rlvr_bench.algorithms.types import Loss, Needs, Role, Rollout


@dataclass(frozen=True)
class OraclePPOConfig(SurrogateConfig):
    """Settings of PPO that have a meaning where the values are exact."""

    gae_lambda: float = 0.0
    """Trace decay of the advantage estimate, in [0, 1]; 0 is the change of the value, 1 the reward less the value."""
    whiten: Whitening = "batch"
    """`batch` shifts and scales the advantages to mean 0 and variance 1 over all tokens of the rollout."""
    whiten_ddof: int = 1
    """Whitening divides by n - ddof, 0 or 1."""

    def as_ppo(self) -> PPOConfig:
        """The same settings of PPO."""
        return PPOConfig(**vars(self), kl_placement="loss")

    def checks(self) -> Checks:
        return self.as_ppo().checks()


class OraclePPO:
    """PPO's advantages and policy loss, from exact values."""

    Config = OraclePPOConfig

    def __init__(self, config: OraclePPOConfig) -> None:
        self.config = config
        self._ppo = PPO(config.as_ppo())

    @property
    def roles(self) -> frozenset[Role]:
        return self.config.roles

    @property
    def needs(self) -> Needs:
        """Those of PPO, and exact values."""
        return replace(self._ppo.needs, exact_values=True)

    def prepare(self, rollout: Rollout) -> Rollout:
        return self._ppo.prepare(rollout)

    def policy_loss(self, batch: Rollout, logprobs: Float[Tensor, "B T"], entropy: Float[Tensor, "B T"]) -> Loss:
        return self._ppo.policy_loss(batch, logprobs, entropy)
