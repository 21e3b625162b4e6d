"""Drawing tokens: each completion has a stream of its own, so it does not matter what is computed beside it."""

from __future__ import annotations

import torch
from torch import Tensor

NEAREST_ONE = 1 - 1e-9  # a uniform number this close to 1 would round up to it once a row's place is added


def uniforms(rows: int, tokens: int, seed: int, device: torch.device, *, first: int = 0) -> Tensor:
    """(rows, tokens) numbers in [0, 1), drawn on the CPU, so the same on every device.

    Args:
        first: place of the first row among those of the whole step.
    """
    draw = torch.Generator().manual_seed(seed)
    numbers = torch.rand(first + rows, tokens, generator=draw, dtype=torch.float64)[first:]
    return numbers.clamp(max=NEAREST_ONE).to(device)


def choose(logits: Tensor, owner: Tensor, uniform: Tensor, *, temperature: float) -> Tensor:
    """A token for each completion, from the distribution of the state that it is in.

    The token is where the distribution function first exceeds the uniform number.  All rows are searched at once:
    row i of the functions is shifted by i, so that they form one increasing sequence.

    Args:
        logits: (states, V).
        owner: (rows,) the state of each completion.
        uniform: (rows,) in [0, 1).
    Returns:
        (rows,) tokens; never one of probability 0.
    """
    states, vocabulary = logits.shape
    reached = torch.softmax(logits.float() / temperature, dim=-1).cumsum(-1, dtype=torch.float64)
    reached /= reached[:, -1:].clone()
    reached += torch.arange(states, device=logits.device, dtype=torch.float64).unsqueeze(1)
    return torch.searchsorted(reached.flatten(), owner + uniform, right=True) - owner * vocabulary
