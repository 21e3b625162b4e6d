"""rollout/* metrics of one step.  Formulas: METRICS.md."""

from __future__ import annotations

from statistics import fmean

import torch
from torch import Tensor

from algorithms.advantages import zero_std_groups
from algorithms.kl import k3
from algorithms.ops import masked_mean, masked_var
from algorithms.types import Rollout
from harness.judge import Judged

Row = dict[str, float | int | None]


def sampling_metrics(rollout: Rollout, judged: Judged) -> Row:
    """Rewards, outcomes and lengths of all sampled completions, before any is masked."""
    lengths = rollout.response_mask.sum(1).tolist()
    scored = [(v.reward, n) for v, n in zip(judged.true, lengths, strict=True) if v.reward is not None]
    right = [n for reward, n in scored if reward > 0]
    wrong = [n for reward, n in scored if reward <= 0]
    row: Row = {
        "rollout/true_reward_mean": fmean(r for r, _ in scored) if scored else None,
        "rollout/masked_fraction": 1 - len(judged.valid) / len(lengths),
        "rollout/length_mean": fmean(lengths),
        "rollout/length_max": max(lengths),
        "rollout/length_correct_mean": fmean(right) if right else None,
        "rollout/length_wrong_mean": fmean(wrong) if wrong else None,
        "rollout/truncated_fraction": float(rollout.truncated.float().mean()),
    }
    row |= {f"rollout/component/{name}": mean for name, mean in judged.component_means().items()}
    return row | {f"rollout/outcome/{name}": share for name, share in judged.outcome_shares().items()}


def training_metrics(rollout: Rollout, proxy: Tensor | None) -> Row:
    """What the policy is trained on, of the completions that have a reward."""
    mask = rollout.response_mask
    row: Row = {
        "rollout/reward_mean": float(rollout.rewards.mean()),
        "rollout/reward_std": float(rollout.rewards.std()) if len(rollout.rewards) > 1 else 0.0,
        "rollout/proxy_reward_mean": None if proxy is None else float(proxy.mean()),
        "rollout/zero_std_groups": float(zero_std_groups(rollout.rewards, rollout.group_ids)),
        "rollout/kl_to_reference": None
        if rollout.reference_logprobs is None
        else float(masked_mean(k3(rollout.old_logprobs, rollout.reference_logprobs), mask)),
    }
    if rollout.values is not None and rollout.returns is not None:
        row["train/explained_variance"] = explained_variance(rollout.values, rollout.returns, mask)
    return row


def explained_variance(values: Tensor, returns: Tensor, mask: Tensor) -> float | None:
    """1 - Var(returns - values) / Var(returns) over the masked tokens; None where the returns do not vary."""
    spread = masked_var(returns, mask)
    if not torch.isfinite(spread) or float(spread) <= 1e-12:
        return None
    return float(1 - masked_var(returns - values, mask) / spread)
