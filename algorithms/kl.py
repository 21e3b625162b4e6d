"""Per-token estimators of KL(policy || reference) from the tokens that the policy sampled.

With d = log p_reference - log p_policy at the sampled token, E_policy[-d] is the divergence.
Source: Schulman 2020, "Approximating KL divergence"; k3 is the estimator of DeepSeekMath, eq. 4.
No clamps: a divergence that explodes should be seen (verl and OpenRLHF clamp at 10).
No gradient flows into `reference_logprobs`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

Estimator = Literal["k1", "k2", "k3"]


def k1(logprobs: Float[Tensor, "B T"], reference_logprobs: Float[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """-d: unbiased, can be negative, high variance.  Nats."""
    return logprobs - reference_logprobs.detach()


def k2(logprobs: Float[Tensor, "B T"], reference_logprobs: Float[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """d^2 / 2: biased, never negative; its gradient is that of the true divergence.  Nats."""
    return 0.5 * (reference_logprobs.detach() - logprobs).square()


def k3(logprobs: Float[Tensor, "B T"], reference_logprobs: Float[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """exp(d) - 1 - d: unbiased, never negative.  Nats."""
    d = reference_logprobs.detach() - logprobs
    return torch.expm1(d) - d


ESTIMATORS: dict[Estimator, Callable[[Tensor, Tensor], Tensor]] = {"k1": k1, "k2": k2, "k3": k3}
