"""Products in bfloat16 with weights in float32, where the configuration asks for it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Literal

import torch

Autocast = Literal["off", "bfloat16"]


def autocast(device: torch.device, precision: Autocast) -> AbstractContextManager[None]:
    """Matrix products and attention in bfloat16 inside; normalization, softmax and losses stay in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")  # type: ignore[return-value]
