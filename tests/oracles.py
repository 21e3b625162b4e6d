"""Slow, independent references: float64 Python loops over nested lists, one token at a time.

Nothing here calls the code under test, nor any tensor operation.  A batch is a list of rows; `mask` says
which tokens count.  `Batch` holds the lists of a whole rollout; `ppo` and `grpo` go from it to the losses.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

Rows = list[list[float]]
Mask = list[list[bool]]


def like(rows: Rows, mask: Mask, formula: Any) -> Rows:
    """formula(i, t) where the mask holds, 0 elsewhere."""
    return [[formula(i, t) if mask[i][t] else 0.0 for t in range(len(row))] for i, row in enumerate(rows)]


def gae(rewards: Rows, values: Rows, mask: Mask, gamma: float, lam: float) -> tuple[Rows, Rows]:
    """A_t as the explicit sum of discounted deltas; returns are A_t + V_t."""

    def delta(i: int, t: int) -> float:
        last = t + 1 == len(mask[i]) or not mask[i][t + 1]
        return rewards[i][t] + (0.0 if last else gamma * values[i][t + 1]) - values[i][t]

    def advantage(i: int, t: int) -> float:
        return sum((gamma * lam) ** (s - t) * delta(i, s) for s in range(t, len(mask[i])) if mask[i][s])

    return like(rewards, mask, advantage), like(rewards, mask, lambda i, t: advantage(i, t) + values[i][t])


def deviation(numbers: list[float], ddof: int) -> float:
    mean = math.fsum(numbers) / len(numbers)
    return math.sqrt(math.fsum((x - mean) ** 2 for x in numbers) / max(len(numbers) - ddof, 1))


def group_relative(rewards: list[float], groups: list[int], scale: str, ddof: int, eps: float) -> list[float]:
    """Each reward less the mean of its group, over the deviation that `scale` names."""
    result = []
    for reward, group in zip(rewards, groups, strict=True):
        siblings = [r for r, g in zip(rewards, groups, strict=True) if g == group]
        if min(siblings) == max(siblings):
            result.append(0.0)
            continue
        centered = reward - math.fsum(siblings) / len(siblings)
        over = {"group_std": siblings, "batch_std": rewards}.get(scale)
        result.append(centered if over is None else centered / (deviation(over, ddof) + eps))
    return result


def kl(name: str, logprob: float, reference: float) -> float:
    """One token's estimate of KL(policy || reference), written with the probability ratio."""
    ratio = math.exp(reference - logprob)
    return {"k1": -math.log(ratio), "k2": math.log(ratio) ** 2 / 2, "k3": ratio - 1 - math.log(ratio)}[name]


def policy_loss(new: float, old: float, advantage: float, low: float, high: float, dual: float) -> tuple[float, bool]:
    """One token's clipped loss and whether clipping is active, by cases on the sign of the advantage."""
    ratio = math.exp(new) / math.exp(old)
    if advantage >= 0:
        active = advantage > 0 and ratio > 1 + high
        return -(1 + high if active else ratio) * advantage, active
    if ratio < 1 - low:
        return -(1 - low) * advantage, True
    if dual and ratio > dual:
        return -dual * advantage, True
    return -ratio * advantage, False


def value_loss(value: float, old: float, target: float, clip: float) -> tuple[float, bool]:
    """One token's value loss and whether clipping is active."""
    plain = (value - target) ** 2
    if not clip:
        return plain / 2, False
    near = min(max(value, old - clip), old + clip)
    return max(plain, (near - target) ** 2) / 2, (near - target) ** 2 > plain


def whiten(values: Rows, mask: Mask, ddof: int, eps: float = 1e-8) -> Rows:
    tokens = [v for row, keep in zip(values, mask, strict=True) for v, k in zip(row, keep, strict=True) if k]
    mean = math.fsum(tokens) / max(len(tokens), 1)
    variance = deviation(tokens, ddof) ** 2 if tokens else 0.0
    return like(values, mask, lambda i, t: (values[i][t] - mean) / math.sqrt(variance + eps))


def aggregate(values: Rows, mask: Mask, how: str, sequences: int, tokens: int, max_tokens: int) -> float:
    sums = [math.fsum(v for v, k in zip(row, keep, strict=True) if k) for row, keep in zip(values, mask, strict=True)]
    match how:
        case "token_mean":
            return math.fsum(sums) / tokens
        case "seq_mean_token_mean":
            return math.fsum(s / sum(keep) for s, keep in zip(sums, mask, strict=True) if any(keep)) / sequences
        case "seq_mean_token_sum":
            return math.fsum(sums) / sequences
        case "constant":
            return math.fsum(sums) / sequences / max_tokens
    raise AssertionError(how)


def explained_variance(values: Rows, returns: Rows, mask: Mask) -> float:
    kept = [(i, t) for i, row in enumerate(mask) for t, k in enumerate(row) if k]
    residual = deviation([returns[i][t] - values[i][t] for i, t in kept], 0)
    return 1 - residual**2 / deviation([returns[i][t] for i, t in kept], 0) ** 2


def logprob_and_entropy(logits: list[float], token: int) -> tuple[float, float]:
    total = math.fsum(math.exp(z - max(logits)) for z in logits)
    probabilities = [math.exp(z - max(logits)) / total for z in logits]
    return math.log(probabilities[token]), -math.fsum(p * math.log(p) for p in probabilities)


@dataclass(frozen=True)
class Batch:
    """The lists of a rollout and of what the current models say about it."""

    mask: Mask
    groups: list[int]
    rewards: list[float]
    old: Rows
    reference: Rows
    old_values: Rows
    new: Rows
    entropy: Rows
    values: Rows
    max_tokens: int

    def mean(self, values: Rows, how: str) -> float:
        return aggregate(values, self.mask, how, len(self.mask), sum(map(sum, self.mask)), self.max_tokens)


def policy_side(b: Batch, advantages: Rows, c: Any, in_loss: bool) -> dict[str, float]:
    """The actor's loss and metrics; `c` is any object with the fields of a config."""
    pairs = [
        [policy_loss(n, o, a, c.clip_low, c.clip_high, c.dual_clip) for n, o, a in zip(*rows, strict=True)]
        for rows in zip(b.new, b.old, advantages, strict=True)
    ]

    def token(i: int, t: int) -> float:
        penalty = c.kl_coef * kl(c.kl_estimator, b.new[i][t], b.reference[i][t]) if in_loss else 0.0
        return pairs[i][t][0] + penalty - c.entropy_coef * b.entropy[i][t]

    ratios = like(b.new, b.mask, lambda i, t: math.exp(b.new[i][t] - b.old[i][t]))
    kept = [r for row in ratios for r in row if r > 0]
    approx = like(b.new, b.mask, lambda i, t: ratios[i][t] - 1 - math.log(ratios[i][t]))
    clipped = like(b.new, b.mask, lambda i, t: float(pairs[i][t][1]))
    from_reference = like(b.old, b.mask, lambda i, t: kl("k3", b.old[i][t], b.reference[i][t]))
    return {
        "policy": b.mean(like(b.new, b.mask, token), c.aggregation),
        "approx_kl": b.mean(approx, "token_mean"),
        "entropy": b.mean(b.entropy, "token_mean"),
        "clip_fraction": b.mean(clipped, "token_mean"),
        "ratio_max": max(kept),
        "ratio_min": min(kept),
        "kl_to_reference": b.mean(from_reference, "token_mean"),
    }


def ppo(b: Batch, c: Any) -> SimpleNamespace:
    """PPO from rollout to losses."""
    in_reward = c.kl_placement == "reward"

    def token_reward(i: int, t: int) -> float:
        outcome = b.rewards[i] if t + 1 == sum(b.mask[i]) else 0.0
        penalty = c.kl_coef * kl(c.kl_estimator, b.old[i][t], b.reference[i][t]) if in_reward else 0.0
        return outcome - penalty

    rewards = like(b.old, b.mask, token_reward)
    advantages, returns = gae(rewards, b.old_values, b.mask, c.gamma, c.gae_lambda)
    if c.lambda_alpha:
        _, returns = gae(rewards, b.old_values, b.mask, c.gamma, 1.0)
        each = [max(0.0, 1 - 1 / (c.lambda_alpha * max(1, sum(keep)))) for keep in b.mask]
        rows = zip(rewards, b.old_values, b.mask, each, strict=True)
        advantages = [gae([r], [v], [m], c.gamma, lam)[0][0] for r, v, m, lam in rows]
    if c.whiten == "batch":
        advantages = whiten(advantages, b.mask, c.whiten_ddof)
    pairs = [
        [value_loss(v, o, r, c.value_clip) for v, o, r in zip(*rows, strict=True)]
        for rows in zip(b.values, b.old_values, returns, strict=True)
    ]
    log = policy_side(b, advantages, c, in_loss=not in_reward)
    log["value"] = b.mean(like(b.values, b.mask, lambda i, t: pairs[i][t][0]), c.aggregation)
    clipped = like(b.values, b.mask, lambda i, t: float(pairs[i][t][1]))
    log["value_clip_fraction"] = b.mean(clipped, "token_mean")
    return SimpleNamespace(advantages=advantages, returns=returns, log=log)


def grpo(b: Batch, c: Any) -> SimpleNamespace:
    """GRPO from rollout to loss."""
    in_reward, rewards = c.kl_placement == "reward", list(b.rewards)
    for i, keep in enumerate(b.mask if in_reward else ()):
        paid = [kl(c.kl_estimator, b.old[i][t], b.reference[i][t]) for t, k in enumerate(keep) if k]
        rewards[i] -= c.kl_coef * math.fsum(paid)
    each = group_relative(rewards, b.groups, c.scale, c.ddof, c.eps)
    advantages = like(b.old, b.mask, lambda i, t: each[i])
    return SimpleNamespace(advantages=advantages, log=policy_side(b, advantages, c, in_loss=not in_reward))
