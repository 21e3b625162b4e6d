"""The rungs: what each baseline subtracts from the rewards.  Pure functions of one batch.

The rungs differ in nothing but the baseline: no clipping, no KL, no whitening, one loss (`gradient.py`).
"""

from __future__ import annotations

from typing import Literal, get_args

from torch import Tensor

from rlvr_bench.algorithms.advantages import group_relative
from rlvr_bench.algorithms.types import Rollout

Rung = Literal["none", "batch mean", "leave one out", "group mean", "group mean and std", "critic", "oracle"]
EPS = 1e-6  # added to the deviation of a group, as GRPO's default
RUNGS: tuple[Rung, ...] = get_args(Rung)


def advantages(rung: Rung, rollout: Rollout, *, oracle: Tensor) -> Tensor | None:
    """The reward of each completion less the baseline, on each of its tokens; (B, T), zero where masked.

    Args:
        rollout: with `values` where there is a critic.
        oracle: the expected reward of each completion's prompt, from further completions of the same policy, (B,).
    Returns:
        None for the critic where there is none.
    """
    rewards, groups = rollout.rewards, rollout.group_ids
    match rung:
        case "none":
            found = rewards
        case "batch mean":
            found = rewards - rewards.mean()
        case "leave one out":
            sizes = (groups.unsqueeze(0) == groups.unsqueeze(1)).sum(1)
            found = group_relative(rewards, groups, scale="none", ddof=1, eps=EPS) * sizes / (sizes - 1).clamp(min=1)
        case "group mean":
            found = group_relative(rewards, groups, scale="none", ddof=1, eps=EPS)
        case "group mean and std":
            found = group_relative(rewards, groups, scale="group_std", ddof=1, eps=EPS)
        case "oracle":
            found = rewards - oracle
        case "critic":
            if rollout.values is None:
                return None
            return (rewards.unsqueeze(1) - rollout.values) * rollout.response_mask
    return found.unsqueeze(1) * rollout.response_mask
