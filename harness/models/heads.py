"""Output heads in float32, whatever type the weights have.

A logit of 20 has a grid of 1/8 in bfloat16, which is more than two policies differ by.  Sampling
and scoring both compute their logits here, from the hidden states that the backbone gives in its own type.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


class WideHead:
    """A linear head as a function, in float32 (or float64, where the weights are).

    Make one for each scoring call or sampled batch, not one for each role: where the weights are narrower it holds a
    copy in float32 (4 bytes times vocabulary times width) for as long as it, or the graph of its products, is alive.
    Weights that are wide enough are not copied.  Gradients add up in float32 and are rounded once.
    """

    def __init__(self, head: Any) -> None:
        """
        Args:
            head: a torch.nn.Linear, with or without a bias.
        """
        self.weight = _wide(head.weight)
        self.bias = None if head.bias is None else _wide(head.bias)

    def __call__(self, states: Tensor) -> Tensor:
        """(..., H) to float32 (..., outputs); also inside of autocast."""
        if not states.is_meta and torch.is_autocast_enabled(states.device.type):
            with torch.autocast(states.device.type, enabled=False):
                return self._product(states)
        return self._product(states)

    def _product(self, states: Tensor) -> Tensor:
        return functional.linear(states.to(self.weight.dtype), self.weight, self.bias).float()


def _wide(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
