"""The KL from the policy to the reference over the whole vocabulary, at the positions that the policy visits.

An estimate from the sampled tokens alone is as noisy as these; here only the positions are sampled, and at each of them
the divergence of the two distributions is exact.  Its mean over positions, times the mean length, is an unbiased
estimate of the KL between the distributions of whole completions, of much smaller variance.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rlvr_bench.algorithms.kl import over_vocabulary
from rlvr_bench.algorithms.ops import masked_mean
from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.models.ends import forbid
from rlvr_bench.harness.models.heads import WideHead
from rlvr_bench.harness.models.roles import Models, Policy
from rlvr_bench.harness.models.scoring import CHUNK_LOGITS, distinct, scatter, score_rollout
from rlvr_bench.harness.records import MetricsRow


def distance_metrics(config: RunConfig, models: Models, rollout: Rollout, meter: Recorder) -> MetricsRow:
    """`train/exact_kl_to_reference` of a step's completions; {} where it is not asked for, or there is no reference.

    A measurement like an evaluation, so it is in that phase, which is no cost of the step.
    """
    if not config.measure.exact_kl or not models.holds("reference"):
        return {}
    with meter.phase("evaluate"), models.on_device("reference") as reference:
        assert isinstance(reference, Policy)
        divergence = score_rollout(
            lambda part: exact_kl(models.actor, reference, part, temperature=config.rollout.temperature),
            rollout,
            config.train.micro_tokens,
        )
    models.take_reads()
    return {"train/exact_kl_to_reference": float(masked_mean(divergence, rollout.response_mask))}


@torch.no_grad()
def exact_kl(policy: Policy, reference: Policy, rollout: Rollout, *, temperature: float) -> Tensor:
    """KL(policy || reference) of the distributions that each token was sampled from and could have been.

    Args:
        temperature: divides both models' logits, as in sampling.
    Returns:
        (B, T), nats, zero where masked.
    """
    kinds, index = distinct(rollout)  # equal completions have equal distributions
    both = []
    for model in (policy, reference):
        states, early = model.states(kinds)
        both.append((WideHead(model.lm.get_output_embeddings()), states, early, model.ends))
    found = []
    size = max(1, CHUNK_LOGITS // both[0][0].weight.shape[0])
    for begin in range(0, len(both[0][1]), size):
        logits = []
        for head, states, early, ends in both:
            chunk = head(states[begin : begin + size])
            chunk = chunk if early is None else forbid(chunk, ends, early[begin : begin + size])
            logits.append(chunk / temperature)
        found.append(over_vocabulary(*logits))
    return scatter(torch.cat(found), kinds.response_mask)[index]
