"""Masked reductions and the log-probabilities that everything else is made of."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from rlvr_bench.algorithms.types import BatchCounts

Aggregation = Literal["token_mean", "seq_mean_token_mean", "seq_mean_token_sum", "constant"]


def masked_mean(values: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, ""]:
    """Mean over the tokens where `mask` holds; 0 if there are none."""
    return values.masked_fill(~mask, 0).sum() / mask.sum().clamp(min=1)


def masked_var(values: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"], *, ddof: int = 0) -> Float[Tensor, ""]:
    """Variance over the tokens where `mask` holds, divided by n - ddof (at least 1)."""
    squares = (values - masked_mean(values, mask)).square()
    return squares.masked_fill(~mask, 0).sum() / (mask.sum() - ddof).clamp(min=1)


def whiten(
    values: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"], *, ddof: int, eps: float = 1e-8
) -> Float[Tensor, "B T"]:
    """Shift and scale to mean 0 and variance 1 over the masked tokens; zero elsewhere.

    Args:
        ddof: 1 as in TRL and verl, 0 as in OpenRLHF.
    """
    scale = torch.rsqrt(masked_var(values, mask, ddof=ddof) + eps)
    return ((values - masked_mean(values, mask)) * scale).masked_fill(~mask, 0)


def aggregate(
    values: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"], how: Aggregation, counts: BatchCounts
) -> Float[Tensor, ""]:
    """This micro-batch's share of the mean over the whole optimizer batch.

    Args:
        how: `token_mean`           sum / tokens of the batch: long completions weigh more (DAPO);
             `seq_mean_token_mean`  mean over a completion's tokens, then over completions (DeepSeekMath);
             `seq_mean_token_sum`   sum over a completion's tokens, mean over completions;
             `constant`             sum / (completions x length limit): no length bias (Dr.GRPO).
        counts: sizes of the whole optimizer batch, not of this micro-batch.
    Raises:
        ValueError: an unknown `how`.
    """
    values = values.masked_fill(~mask, 0)
    match how:
        case "token_mean":
            return values.sum() / max(counts.tokens, 1)
        case "seq_mean_token_mean":
            return (values.sum(1) / mask.sum(1).clamp(min=1)).sum() / counts.sequences
        case "seq_mean_token_sum":
            return values.sum() / counts.sequences
        case "constant":
            return values.sum() / (counts.sequences * counts.max_tokens)
    raise ValueError(f"aggregation: unknown value {how!r}")


def token_logprobs_and_entropy(
    logits: Float[Tensor, "N V"], token_ids: Int[Tensor, " N"]
) -> tuple[Float[Tensor, " N"], Float[Tensor, " N"]]:
    """Log-probability of each token and entropy of each distribution, in nats, computed in float32.

    The temperature, if any, is in the logits already.  Both come from one softmax, with the largest logit
    taken away first: H = log sum exp(z) - sum softmax(z) z cancels badly where z is far from zero.
    """
    logits = logits.float()
    logits = logits - logits.detach().amax(-1, keepdim=True)
    weights = torch.exp(logits)
    total = weights.sum(-1)
    log_normalizer = torch.log(total)
    chosen = logits.gather(-1, token_ids.unsqueeze(-1)).squeeze(-1)
    return chosen - log_normalizer, log_normalizer - (weights * logits).sum(-1) / total
