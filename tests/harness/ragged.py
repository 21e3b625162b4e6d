"""A small model and a rollout that is ragged on both sides; `conftest.py` makes fixtures of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from rlvr_bench.algorithms.types import BatchCounts, Rollout
from rlvr_bench.harness.config.schema import ModelConfig
from rlvr_bench.harness.models.base import load_base

PROMPTS, GROUPS, LENGTHS = (3, 3, 1, 5, 5, 5), (0, 0, 1, 2, 2, 2), (4, 1, 2, 4, 3, 1)
WIDTHS = 5, 4  # of prompts and completions


def make_model() -> Any:
    """Random weights, large enough that distributions are not flat."""
    model, _ = load_base(ModelConfig("tiny:32x2"), seed=0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model


def make_rollout() -> Rollout:
    """Ragged on both sides; completions of one prompt share its tokens."""
    draw = torch.Generator().manual_seed(1)
    length, size = torch.tensor(LENGTHS), len(LENGTHS)
    prompts = torch.randint(3, 90, (3, WIDTHS[0]), generator=draw)[torch.tensor(GROUPS)]
    prompt_mask = torch.arange(WIDTHS[0]) >= WIDTHS[0] - torch.tensor(PROMPTS).unsqueeze(1)
    mask = torch.arange(WIDTHS[1]) < length.unsqueeze(1)
    return Rollout(
        prompt_ids=prompts * prompt_mask,
        completion_ids=torch.randint(3, 90, mask.shape, generator=draw) * mask,
        prompt_mask=prompt_mask,
        response_mask=mask,
        truncated=torch.zeros(size, dtype=torch.bool),
        group_ids=torch.tensor(GROUPS),
        rewards=torch.zeros(size),
        counts=BatchCounts(size, int(mask.sum()), WIDTHS[1]),
    )


def sequence(rollout: Rollout, row: int) -> tuple[list[int], list[int]]:
    """Prompt and completion of one row, without padding."""
    prompt = rollout.prompt_ids[row][rollout.prompt_mask[row]].tolist()
    return prompt, rollout.completion_ids[row][rollout.response_mask[row]].tolist()


def padded(rows: list[list[float]]) -> list[list[float]]:
    return [row + [0.0] * (WIDTHS[1] - len(row)) for row in rows]


def naive(
    loaded: tuple[Any, Any], prompt: str, limit: int, minimum: int, eos: int | Sequence[int]
) -> tuple[list[int], bool]:
    """Likeliest tokens one by one, each from a full pass over everything so far; and whether the limit cut it."""
    model, tokenizer = loaded
    ends = [eos] if isinstance(eos, int) else list(eos)
    ids, new = tokenizer(prompt)["input_ids"], []
    while len(new) < limit:
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids + new])).logits[0, -1]
        if len(new) < minimum:
            logits[ends] = -torch.inf
        new.append(int(logits.argmax()))
        if new[-1] in ends:
            return new, False
    return new, True
