"""The clipped surrogate and the clipped value loss, shared by every algorithm of the PPO family."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def clipped_policy_loss(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    advantages: Float[Tensor, "B T"],
    *,
    clip_low: float,
    clip_high: float,
    dual_clip: float = 0.0,
) -> tuple[Float[Tensor, "B T"], Bool[Tensor, "B T"]]:
    """-min(rho A, clip(rho, 1 - clip_low, 1 + clip_high) A) per token, rho = exp(logprobs - old_logprobs).

    Args:
        logprobs, old_logprobs: nats; no gradient flows into `old_logprobs` or `advantages`.
        clip_low, clip_high: distances from 1 at which the ratio is clipped; unequal is DAPO's clip-higher.
        dual_clip: upper bound of the loss in units of |A| where A < 0 (> 1); 0 is off.
    Returns:
        the loss per token, and where clipping is active (where it takes the gradient away).
    Source: Schulman et al. 2017, arXiv:1707.06347, eq. 7; dual clip: Ye et al. 2020, arXiv:1912.09729.
    """
    old_logprobs, advantages = old_logprobs.detach(), advantages.detach()
    ratio = torch.exp(logprobs - old_logprobs)
    unclipped = -ratio * advantages
    clipped = -ratio.clamp(1 - clip_low, 1 + clip_high) * advantages
    loss = torch.maximum(unclipped, clipped)
    active = clipped > unclipped
    if dual_clip:
        bound = torch.where(advantages < 0, -dual_clip * advantages, torch.inf)
        active = active | (loss > bound)
        loss = torch.minimum(loss, bound)
    return loss, active


def clipped_value_loss(
    values: Float[Tensor, "B T"],
    old_values: Float[Tensor, "B T"],
    returns: Float[Tensor, "B T"],
    *,
    value_clip: float,
) -> tuple[Float[Tensor, "B T"], Bool[Tensor, "B T"]]:
    """0.5 max((V - R)^2, (clip(V, V_old +- value_clip) - R)^2) per token.

    Args:
        value_clip: how far the value may move from the one at sampling time, reward units; 0 is off.
    Returns:
        the loss per token (reward units squared), and where clipping is active.
    Source: the PPO reference implementation; TRL, verl and OpenRLHF use the same form.
    """
    old_values, returns = old_values.detach(), returns.detach()
    loss = (values - returns).square()
    if not value_clip:
        return 0.5 * loss, torch.zeros_like(loss, dtype=torch.bool)
    near = old_values + (values - old_values).clamp(-value_clip, value_clip)
    clipped = (near - returns).square()
    return 0.5 * torch.maximum(loss, clipped), clipped > loss
