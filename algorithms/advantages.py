"""The two answers to "compared with what?": a learned critic (GAE) and the group's own mean."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

GroupScale = Literal["group_std", "batch_std", "none"]


def gae(
    token_rewards: Float[Tensor, "B T"],
    values: Float[Tensor, "B T"],
    response_mask: Bool[Tensor, "B T"],
    *,
    gamma: float,
    gae_lambda: float | Float[Tensor, " B"],
) -> tuple[Float[Tensor, "B T"], Float[Tensor, "B T"]]:
    """Generalized advantage estimates over response tokens.

    delta_t = r_t + gamma V_{t+1} - V_t;  A_t = delta_t + gamma lambda A_{t+1};  R_t = A_t + V_t.

    Args:
        token_rewards: reward per token (reward units), ignored where masked.
        values: critic's value of the state in which token t was chosen, ignored where masked.
        gamma: discount per token, in [0, 1].
        gae_lambda: trace decay, in [0, 1], of all completions or of each; 1 is the Monte-Carlo return less the value.
    Returns:
        advantages (not whitened) and returns; both zero where masked.
    Raises:
        ValueError: gamma or gae_lambda outside [0, 1].
    Source: Schulman et al. 2016, arXiv:1506.02438.
    Differs: bootstraps 0 after the last token, also when truncated: a truncated completion is a wrong one.
    """
    traces = torch.as_tensor(gae_lambda)
    if not (0 <= gamma <= 1 and bool(((traces >= 0) & (traces <= 1)).all())):
        raise ValueError(f"gamma and gae_lambda must lie in [0, 1], got {gamma} and {gae_lambda}")
    token_rewards = token_rewards.masked_fill(~response_mask, 0)
    values = values.masked_fill(~response_mask, 0)
    next_values = torch.cat([values[:, 1:], torch.zeros_like(values[:, :1])], dim=1)
    deltas = token_rewards + gamma * next_values - values
    trace = gamma * (gae_lambda.to(deltas) if isinstance(gae_lambda, Tensor) else gae_lambda)

    advantages = torch.zeros_like(deltas)
    following = torch.zeros_like(deltas[:, 0])
    for t in reversed(range(deltas.shape[1])):
        following = deltas[:, t] + trace * following
        advantages[:, t] = following
    return advantages, advantages + values


def length_adaptive_lambda(response_mask: Bool[Tensor, "B T"], *, alpha: float) -> Float[Tensor, " B"]:
    """1 - 1 / (alpha l) for a completion of l tokens, at least 0: a trace that reaches over a share alpha of it.

    Args:
        alpha: > 0.
    Source: VAPO, arXiv:2504.05118 (length-adaptive GAE).
    """
    lengths = response_mask.sum(1).double()
    return (1 - 1 / (alpha * lengths.clamp(min=1))).clamp(min=0)


def group_relative(
    rewards: Float[Tensor, " B"],
    group_ids: Int[Tensor, " B"],
    *,
    scale: GroupScale,
    ddof: int,
    eps: float,
) -> Float[Tensor, " B"]:
    """(r - mean of the group) / (std + eps): each completion against its siblings.

    Args:
        rewards: outcome per completion (reward units).
        group_ids: completions of one prompt share an id; groups may differ in size and come in any order.
        scale: `group_std` divides by the group's standard deviation (DeepSeekMath), `batch_std` by that of
            all rewards whatever their group (Lite PPO, arXiv:2508.08221), `none` by nothing (Dr.GRPO).
        ddof: the deviation divides by n - ddof; 1 as in TRL, verl and OpenRLHF, 0 as in open-instruct.
        eps: added to the deviation, reward units.
    Returns:
        advantages; exactly zero in a group whose rewards are all equal, and in a group of one.
    Raises:
        ValueError: an unknown scale.
    Source: DeepSeekMath, arXiv:2402.03300, section 4.1.2.
    """
    groups, index = torch.unique(group_ids, return_inverse=True)
    sizes = torch.zeros(len(groups), dtype=rewards.dtype, device=rewards.device).index_add(
        0, index, torch.ones_like(rewards)
    )
    # Rewards are taken relative to the group's lowest first: the sum of equal numbers rounds, their
    # differences do not, and a group without a signal must give exactly no gradient.
    lowest = torch.full_like(sizes, torch.inf).scatter_reduce(0, index, rewards, "amin")
    shifted = rewards - lowest[index]
    mean = torch.zeros_like(sizes).index_add(0, index, shifted) / sizes
    centered = shifted - mean[index]
    match scale:
        case "none":
            return centered
        case "batch_std":
            spread = (rewards - rewards.mean()).square().sum() / max(len(rewards) - ddof, 1)
            return centered / (spread.sqrt() + eps)
        case "group_std":
            squares = torch.zeros_like(sizes).index_add(0, index, centered.square())
            std = (squares / (sizes - ddof).clamp(min=1)).sqrt()
            return centered / (std[index] + eps)
    raise ValueError(f"scale: unknown value {scale!r}")


def zero_std_groups(rewards: Float[Tensor, " B"], group_ids: Int[Tensor, " B"]) -> Float[Tensor, ""]:
    """Share of groups whose rewards are all equal: prompts from which a group method learns nothing."""
    groups, index = torch.unique(group_ids, return_inverse=True)
    low = torch.full((len(groups),), torch.inf, dtype=rewards.dtype, device=rewards.device)
    low = low.scatter_reduce(0, index, rewards, "amin")
    high = torch.full_like(low, -torch.inf).scatter_reduce(0, index, rewards, "amax")
    return (low == high).to(rewards.dtype).mean()


def place_on_last_token(rewards: Float[Tensor, " B"], response_mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """The outcome at the last response token, zero elsewhere; a completion with no token keeps none."""
    last = response_mask.sum(1, keepdim=True) - 1
    at_last = torch.arange(response_mask.shape[1], device=rewards.device) == last
    return rewards.unsqueeze(1) * at_last
