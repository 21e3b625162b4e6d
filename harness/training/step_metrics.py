"""rollout/* metrics of one step.  Formulas: METRICS.md."""

from __future__ import annotations

import math
from statistics import fmean

import torch
from torch import Tensor

from rlvr_bench.algorithms.advantages import zero_std_groups
from rlvr_bench.algorithms.ops import masked_var
from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.records import MetricsRow
from rlvr_bench.harness.training.grader import Grades
from rlvr_bench.rewards.learned import pair_accuracy


def sampling_metrics(rollout: Rollout, grades: Grades) -> MetricsRow:
    """Rewards, outcomes and lengths of all sampled completions, before any is masked."""
    lengths = rollout.response_mask.sum(1).tolist()
    scored = [(v.reward, n) for v, n in zip(grades.true, lengths, strict=True) if v.reward is not None]
    right = [n for reward, n in scored if reward > 0]
    wrong = [n for reward, n in scored if reward <= 0]
    row: MetricsRow = {
        "rollout/true_reward_mean": fmean(r for r, _ in scored) if scored else None,
        "rollout/masked_fraction": (len(lengths) - len(grades.valid)) / len(lengths),
        "rollout/length_mean": fmean(lengths),
        "rollout/length_max": max(lengths),
        "rollout/length_correct_mean": fmean(right) if right else None,
        "rollout/length_wrong_mean": fmean(wrong) if wrong else None,
        "rollout/truncated_fraction": float(rollout.truncated.float().mean()),
    }
    row |= {f"rollout/component/{name}": mean for name, mean in grades.component_means().items()}
    return row | {f"rollout/outcome/{name}": share for name, share in grades.outcome_shares().items()}


def training_metrics(rollout: Rollout) -> MetricsRow:
    """The reward that the algorithm is given, of the completions that have one."""
    return {
        "rollout/reward_mean": float(rollout.rewards.mean()),
        "rollout/reward_std": float(rollout.rewards.std()) if len(rollout.rewards) > 1 else 0.0,
        "rollout/zero_std_groups": float(zero_std_groups(rollout.rewards, rollout.group_ids)),
    }


def proxy_metrics(proxy: Tensor, right: Tensor, group_ids: Tensor, *, base_pass_rate: float | None) -> MetricsRow:
    """What the learned reward says beside the verifier, of the same completions.

    Args:
        proxy: (B,) normalised scores: the base model's completions have mean 0 and standard deviation 1.
        right: (B,) bool, the verifier's verdicts.
        base_pass_rate: share of the base model's completions that are right; None if it was not measured.
    """
    mean = float(proxy.mean())
    gap = None
    if base_pass_rate is not None and 0 < base_pass_rate < 1:
        spread = math.sqrt(base_pass_rate * (1 - base_pass_rate))
        gap = mean - (float(right.float().mean()) - base_pass_rate) / spread
    pairs = right[:, None] & ~right[None, :] & (group_ids[:, None] == group_ids[None, :])
    first, second = pairs.nonzero(as_tuple=True)
    return {
        "rollout/proxy_reward_mean": mean,
        "rollout/proxy_true_gap": gap,
        "rollout/proxy_pair_accuracy": pair_accuracy(proxy[first], proxy[second]) if len(first) else None,
    }


def explained_variance(values: Tensor, returns: Tensor, mask: Tensor) -> float | None:
    """1 - Var(returns - values) / Var(returns) over the masked tokens; None where the returns do not vary."""
    spread = masked_var(returns, mask)
    if not torch.isfinite(spread) or float(spread) <= 1e-12:
        return None
    return float(1 - masked_var(returns - values, mask) / spread)
