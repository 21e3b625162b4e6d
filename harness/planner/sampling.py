"""Sampling on a model without data: the tokens at which its memory changes, by the sampler's own reader and draw."""

from __future__ import annotations

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
    del ids, logprobs


def _changes(states: Reader, width: int, most: int) -> list[int]:
    """Lengths before the tokens that grow the buffers, as `KeyValues` grows them, and before the last that is read."""
    last, found = most - 2, []
    if isinstance(states, LeanReader):
        capacity = states.cache[0].keys.shape[2]
        while capacity <= last:
            found.append(capacity)
            capacity = min(2 * capacity, most)
    return sorted({*found, last} - {width})


def _skip_to(states: Reader, length: int) -> None:
    """As if so many tokens had been read."""
    assert isinstance(states, LeanReader | TransformersReader)
    states.mask = states.mask.new_ones(len(states.mask), length)
    if isinstance(states, LeanReader):
        for layer in states.cache:
            layer.length = length
        return
    for layer in states.cache.layers:
        for name in ("keys", "values"):
            before = getattr(layer, name)
            setattr(layer, name, before.new_empty(*before.shape[:2], length, before.shape[3]))
