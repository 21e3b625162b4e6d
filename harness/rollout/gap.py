"""How far an engine's log-probabilities are from those that are trained on."""

from __future__ import annotations

from torch import Tensor

from rlvr_bench.harness.errors import UserError


class SamplerGap(UserError):
    """The engine samples from another policy than the one that is trained."""


def sampler_gap(sampled: Tensor, scored: Tensor, mask: Tensor, *, limit: float) -> dict[str, float]:
    """rollout/sampler_gap* of a step.

    Args:
        sampled, scored: (B, T) nats, the engine's and the scorer's.
        mask: (B, T) bool, the tokens that count.
        limit: nats; `rollout.max_gap`.
    Raises:
        SamplerGap: the mean is over the limit.
    """
    gap = (sampled - scored).abs()[mask]
    found = {"rollout/sampler_gap": float(gap.mean()), "rollout/sampler_gap_max": float(gap.max())}
    if not found["rollout/sampler_gap"] <= limit:
        raise SamplerGap(
            f"rollout.max_gap: the engine's log-probabilities are {found['rollout/sampler_gap']:.3g} nats a token from "
            f"the scorer's, allowed are {limit:g}; use rollout.engine = 'torch', or raise the limit"
        )
    return found
