"""A model is scored on a few tokens before anything is trained: one that this harness would get wrong is refused.

Scoring reads a prompt once for its completions, through a cache, behind padding, and applies the output embedding to
the last hidden state itself.  An architecture whose cache cannot be repeated, or that does more to its logits or its
positions than that, gives other numbers than its own forward pass.  The trial takes five short passes, which is little
beside loading the weights, so it is made for every model from a folder or the hub, on the CPU, also for a large one.
`tiny:` and `arch:` are of two families that the tests compare, and are left out.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rlvr_bench.algorithms.types import BatchCounts, Rollout
from rlvr_bench.harness.models.roles import Policy
from rlvr_bench.harness.models.tiny import ModelError

PROMPTS, GROUPS, LENGTHS = (4, 4, 6), (0, 0, 1), (3, 2, 3)  # tokens of each row; the first two are of one group
# Of log-probabilities, relative to the largest, which is about the logarithm of the vocabulary or more: what the order
# of sums may change.  A head or a cache that is not followed changes whole nats.
TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 5e-2}


def refuse_unscorable(model: Any, name: str) -> None:
    """Raises ModelError, with the reason, if scoring would not give the numbers of the model's own forward pass."""
    if reason := _by_name(model) or _by_trial(model):
        raise ModelError(
            f"model.name: {name!r} ({model.config.model_type}) cannot be scored: {reason}; the README lists families "
            "that can"
        )


def _by_name(model: Any) -> str | None:
    """What needs no trial, because the configuration says it."""
    config = model.config.get_text_config()
    if model.config.is_encoder_decoder:
        return "it is an encoder-decoder, and completions are read by a decoder alone"
    if config is not model.config:
        return "it reads more than text; choose a model of its text decoder alone"
    for attribute in ("final_logit_softcapping", "logits_scaling", "logit_scale"):
        if getattr(config, attribute, None) not in (None, 1, 1.0):
            return f"its head uses {attribute}, which scoring does not follow"
    if not isinstance(model.get_output_embeddings(), nn.Linear):
        return "it has no linear output embedding"
    return None


@torch.no_grad()
def _by_trial(model: Any) -> str | None:
    rollout = _few_tokens(model.get_output_embeddings().weight.shape[0])
    was_training = model.training
    model.eval()
    try:
        expected = _own(model, rollout)
        found = torch.stack(Policy(model)(rollout, temperature=1.0, entropy="detached"))
    except Exception as error:  # whatever a forward pass does with what it is not made for
        line = f"{type(error).__name__}: {error}".splitlines()[0]
        return f"its cache cannot hold a prompt for several completions, or its forward pass takes none ({line})"
    finally:
        model.train(was_training)
    off = float((found - expected).abs().max() / expected.abs().max())
    if off <= TOLERANCE[model.dtype]:
        return None
    return f"log-probabilities are off by {off:.1%} of those of its own forward pass, because of its cache or its head"


def _few_tokens(vocabulary: int) -> Rollout:
    """Left-padded prompts and ragged completions of random tokens."""
    draw = torch.Generator().manual_seed(0)
    lengths, widths = torch.tensor(LENGTHS), (max(PROMPTS), max(LENGTHS))
    prompts = torch.randint(vocabulary, (2, widths[0]), generator=draw)[torch.tensor(GROUPS)]
    completions = torch.randint(vocabulary, (len(GROUPS), widths[1]), generator=draw)
    return Rollout(
        prompt_ids=prompts,
        completion_ids=completions,
        prompt_mask=torch.arange(widths[0]) >= widths[0] - torch.tensor(PROMPTS).unsqueeze(1),
        response_mask=torch.arange(widths[1]) < lengths.unsqueeze(1),
        truncated=torch.zeros(len(GROUPS), dtype=torch.bool),
        group_ids=torch.tensor(GROUPS),
        rewards=torch.zeros(len(GROUPS)),
        counts=BatchCounts(len(GROUPS), sum(LENGTHS), widths[1]),
    )


def _own(model: Any, rollout: Rollout) -> Tensor:
    """Log-probabilities and entropies, (2, B, T), by the model's own forward pass over each sequence alone."""
    found = torch.zeros(2, *rollout.response_mask.shape)
    for row, length in enumerate(LENGTHS):
        prompt = rollout.prompt_ids[row][rollout.prompt_mask[row]]
        completion = rollout.completion_ids[row, :length]
        logits = model(input_ids=torch.cat([prompt, completion]).unsqueeze(0), use_cache=False).logits[0]
        table = torch.log_softmax(logits[len(prompt) - 1 : -1].float(), dim=-1)
        found[0, row, :length] = table.gather(1, completion.unsqueeze(1)).squeeze(1)
        found[1, row, :length] = -(table.exp() * table).sum(1)
    return found
