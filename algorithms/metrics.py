"""What every algorithm reports about an update, computed in one place.  Formulas: METRICS.md."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from rlvr_bench.algorithms.kl import k3
from rlvr_bench.algorithms.ops import aggregate
from rlvr_bench.algorithms.types import Rollout


def policy_metrics(
    batch: Rollout, logprobs: Float[Tensor, "B T"], entropy: Float[Tensor, "B T"], clipped: Bool[Tensor, "B T"]
) -> dict[str, Float[Tensor, ""]]:
    """Token means over the optimizer batch of k3 to the old policy and from it to the reference, of entropy and of
    active clips; ratio extremes.
    """
    assert batch.old_logprobs is not None
    with torch.no_grad():
        mask = batch.response_mask

        def token_mean(values: Tensor) -> Tensor:
            return aggregate(values, mask, "token_mean", batch.counts)

        ratio = torch.exp(logprobs - batch.old_logprobs)
        log = {
            # KL(old || new) is estimated on the old policy's samples, so old is the first argument.
            "approx_kl": token_mean(k3(batch.old_logprobs, logprobs)),
            "entropy": token_mean(entropy),
            "clip_fraction": token_mean(clipped.float()),
            "ratio_max": ratio.masked_fill(~mask, -torch.inf).max(),
            "ratio_min": ratio.masked_fill(~mask, torch.inf).min(),
        }
        if batch.reference_logprobs is not None:
            log["kl_to_reference"] = token_mean(k3(batch.old_logprobs, batch.reference_logprobs))
        return log


def value_metrics(batch: Rollout, clipped: Bool[Tensor, "B T"]) -> dict[str, Float[Tensor, ""]]:
    """Share of tokens whose value clip is active."""
    with torch.no_grad():
        return {"value_clip_fraction": aggregate(clipped.float(), batch.response_mask, "token_mean", batch.counts)}
