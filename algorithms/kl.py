"""Per-token estimators of KL(policy || reference) from the tokens that the policy sampled.

With d = log p_reference - log p_policy at the sampled token, E_policy[-d] is the divergence.
Source: Schulman 2020, "Approximating KL divergence"; k3 is the estimator of DeepSeekMath, eq. 4.
No clamps: a divergence that explodes should be seen (verl and OpenRLHF clamp at 10).
No gradient flows into `reference_logprobs`.

In a loss the gradient is taken at the sampled token, and its expectation over tokens x that the current policy samples,
sum_x policy(x) d estimator(x), is not that of the expectation above.  It is
- for k1, sum_x policy(x) d log policy(x) = 0: the reference plays no part, so `surrogate.py` refuses k1 in a loss.
  In the reward it is right: the policy gradient of k1 as a cost is that of KL(policy || reference);
- for k2, the gradient of KL(policy || reference), the divergence that is meant;
- for k3, -sum_x reference(x) d log policy(x), the gradient of the other direction, KL(reference || policy).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Estimator = Literal["k1", "k2", "k3"]


def k1(logprobs: Float[Tensor, "B T"], reference_logprobs: Float[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """-d: unbiased, can be negative, high variance; for the reward only.  Nats."""
    return logprobs - reference_logprobs.detach()


def k2(logprobs: Float[Tensor, "B T"], reference_logprobs: Float[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """d^2 / 2: biased, never negative; its expected gradient is that of the true divergence.  Nats."""
    return 0.5 * (reference_logprobs.detach() - logprobs).square()


def k3(logprobs: Float[Tensor, "B T"], reference_logprobs: Float[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """exp(d) - 1 - d: unbiased, never negative; its expected gradient is that of KL(reference || policy).  Nats."""
    d = reference_logprobs.detach() - logprobs
    return torch.expm1(d) - d


def over_vocabulary(logits: Float[Tensor, "N V"], reference_logits: Float[Tensor, "N V"]) -> Float[Tensor, " N"]:
    """KL(policy || reference) of each position's whole distribution: no estimate.  Nats, in float32.

    Logits of -1e9 or less (a token that sampling forbids) in both add nothing.
    """
    table = torch.log_softmax(logits.float(), dim=-1)
    reference = torch.log_softmax(reference_logits.float(), dim=-1)
    return (table.exp() * (table - reference)).sum(-1)


ESTIMATORS: dict[Estimator, Callable[[Tensor, Tensor], Tensor]] = {"k1": k1, "k2": k2, "k3": k3}
