"""Loss, frozen normalization and held-out accuracy of the learned reward model.

The model is a backbone of the actor's size with a scalar head (`harness/models/roles.py`).  It is trained on pairs
of completions of one prompt, of which the verifier calls one right and one wrong
(`harness/training/reward_model.py`).
Source: Bradley and Terry 1952; Ouyang et al. 2022, arXiv:2203.02155, eq. 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


def bradley_terry_loss(right: Tensor, wrong: Tensor) -> Tensor:
    """Mean of -log sigmoid(r+ - r-) over pairs; (N,), (N,) raw scores -> scalar, nats."""
    return -logsigmoid(right - wrong).mean()


@dataclass(frozen=True)
class Normalizer:
    """Mean and standard deviation of raw scores, frozen when the reward model was trained.

    Statistics that followed the policy would hide how far it drifts from the training data of the model.
    """

    mean: float = 0.0
    std: float = 1.0

    @classmethod
    def fit(cls, scores: Tensor) -> Normalizer:
        """From the scores of the base model's own completions; (N,)."""
        std = float(scores.std(unbiased=True)) if len(scores) > 1 else 0.0
        return cls(float(scores.mean()), std if std > 1e-6 else 1.0)

    def __call__(self, scores: Tensor) -> Tensor:
        return (scores - self.mean) / self.std


def pair_accuracy(right: Tensor, wrong: Tensor) -> float:
    """Share of held-out pairs ranked correctly; a tie counts half."""
    return float(((right > wrong).double() + 0.5 * (right == wrong).double()).mean())


def calibration(right: Tensor, wrong: Tensor, *, bins: int = 10) -> list[dict[str, float]]:
    """How often the preferred completion is right, by the model's confidence.

    Confidence is sigmoid(|r+ - r-|), in [0.5, 1], in equal bins; empty bins are left out.

    Returns:
        rows {confidence, accuracy, pairs}: mean confidence, share ranked correctly, number of pairs.
    """
    margin = (right - wrong).double()
    confidence = torch.sigmoid(margin.abs())
    hit = (margin > 0).double() + 0.5 * (margin == 0).double()
    index = ((confidence - 0.5) * 2 * bins).long().clamp(max=bins - 1)
    rows = []
    for b in range(bins):
        chosen = index == b
        if chosen.any():
            rows.append(
                {
                    "confidence": float(confidence[chosen].mean()),
                    "accuracy": float(hit[chosen].mean()),
                    "pairs": int(chosen.sum()),
                }
            )
    return rows
