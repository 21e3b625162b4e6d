"""Sampling on a model without data: the tokens at which its memory changes, by the sampler's own reader and draw."""

from __future__ import annotations

from typing import Any

import torch

from rlvr_bench.harness.config.schema import RolloutConfig
from rlvr_bench.harness.planner.shapes import random_ids
from rlvr_bench.harness.rollout.draw import uniforms
from rlvr_bench.harness.rollout.reading import LeanReader, Reader, TransformersReader, reader
from rlvr_bench.harness.rollout.torch_engine import TorchRollout
from rlvr_bench.harness.rollout.types import SamplingParams


@torch.no_grad()
def sample(sampler: TorchRollout, c: RolloutConfig, prompts: list[int], group: int) -> None:
    """`group` completions of full length of every prompt; they part at their first token.

    Args:
        prompts: tokens of each prompt.
    """
    rows, width = len(prompts) * group, max(prompts)
    params = SamplingParams(group, c.max_tokens, c.min_tokens, c.temperature)
    uniform = uniforms(rows, c.max_tokens, 0, torch.device("cpu"))
    ids, logprobs = torch.zeros(rows, c.max_tokens, dtype=torch.long), torch.zeros(rows, c.max_tokens)
    owner = torch.arange(rows) // group
    mask = torch.arange(width) >= width - torch.tensor(prompts).unsqueeze(1)
    vocabulary = sampler.lm.get_output_embeddings().weight.shape[0]
    sampler.lm.eval()  # as `generate` does
    states = reader(sampler.lm)
    logits = states.prompts(random_ids(vocabulary, len(prompts), width), mask, c.max_tokens)
    sampler.draw_tokens(logits, owner, uniform[:, 0], params)
    if c.max_tokens > 1:
        owner, tokens, _ = sampler.next_states(states, len(logits), owner, torch.arange(rows) % vocabulary)
        logits = states.token(tokens)
        for length in _changes(states, width, width + c.max_tokens):
            sampler.draw_tokens(logits, owner, uniform[:, 0], params)
            _skip_to(states, length)
            logits = states.token(tokens)
        sampler.draw_tokens(logits, owner, uniform[:, 0], params)
    sampler.lm.train()
    del ids, logprobs


def _changes(states: Reader, width: int, most: int) -> list[int]:
    """Lengths before the token that grows the buffers for the last time, as `KeyValues` does, and before the last."""
    last, capacity = most - 2, width
    if isinstance(states, LeanReader):
        capacity = states.cache[0].keys.shape[2]
        while capacity < most and min(2 * capacity, most) <= last:
            capacity = min(2 * capacity, most)
    return sorted({length for length in (capacity, last) if width < length <= last})


def _skip_to(states: Reader, length: int) -> None:
    """As if so many tokens had been read."""
    assert isinstance(states, LeanReader | TransformersReader)
    states.mask = states.mask.new_ones(len(states.mask), length)
    layers: Any = states.cache if isinstance(states, LeanReader) else states.cache.layers
    for layer in layers:
        for name in ("keys", "values"):
            before = getattr(layer, name)
            if before.shape[2] < length:  # as it has grown meanwhile
                setattr(layer, name, before.new_empty(*before.shape[:2], length, before.shape[3]))
        layer.length = length
