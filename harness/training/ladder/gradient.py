"""How well a rung's gradients estimate the policy gradient: their spread, and their direction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor


def policy_gradient(logprobs: Tensor, advantages: Tensor, parameters: Iterable[Tensor]) -> Tensor:
    """The gradient of the sum over tokens of advantage x log-probability, flat; the direction of ascent.

    The graph of `logprobs` is kept, for the next rung.

    Args:
        logprobs: (B, T), under grad.
        advantages: (B, T), zero where masked.
    """
    objective = (advantages.detach() * logprobs).sum()
    wanted = [p for p in parameters if p.requires_grad]
    parts = torch.autograd.grad(objective, wanted, retain_graph=True, allow_unused=True)
    flat = [torch.zeros_like(p).flatten() if g is None else g.flatten() for p, g in zip(wanted, parts, strict=True)]
    return torch.cat(flat).float()


@dataclass(frozen=True)
class Quality:
    """Of the gradients of several batches of equal size."""

    variance: float
    """Mean squared distance from their own mean, divisor n - 1, over the squared norm of the reference, whose scale
    it is brought to first: a baseline that shrinks or stretches every gradient alike neither gains nor loses."""
    cosines: tuple[float, ...]
    """Of each batch's gradient with the reference."""
    scale: float
    """Norm of the mean gradient over the reference's; 1 where the rung is unbiased, up to noise."""


def quality(gradients: Tensor, reference: Tensor) -> Quality:
    """Of one rung.

    Args:
        gradients: of n batches, (n, parameters), n >= 2.
        reference: the best known policy gradient, from other batches, (parameters,).
    Raises:
        ValueError: fewer than two batches, or a reference of zero.
    """
    if len(gradients) < 2:
        raise ValueError(f"a variance needs two batches at least, got {len(gradients)}")
    norm = reference.norm()
    if norm == 0:
        raise ValueError("the reference gradient is zero: the policy is always right or always wrong")
    mean = gradients.mean(0)
    along = (mean @ reference) / norm.square()  # the scale of the rung along the reference
    spread = (gradients - mean).square().sum() / (len(gradients) - 1)
    scaled = float(spread / norm.square() / along.square()) if along != 0 else float("inf")
    cosines = gradients @ reference / (gradients.norm(dim=1) * norm).clamp(min=1e-30)
    return Quality(scaled, tuple(cosines.tolist()), float(mean.norm() / norm))
