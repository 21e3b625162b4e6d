"""The one tolerance of the suite: float64 to 1e-9, float32 to 1e-5, relative and absolute."""

from __future__ import annotations

from typing import Any

import torch

TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-5}


def assert_close(expected: Any, actual: torch.Tensor, *, as_float32: bool = False) -> None:
    """Shape and values agree; `expected` may be numbers, nested lists or a tensor.

    `as_float32`: the path under test passes through float32, whatever dtype it returns.
    """
    expected = torch.as_tensor(expected, dtype=actual.dtype)
    near = TOLERANCE[torch.float32 if as_float32 else actual.dtype]
    torch.testing.assert_close(actual.detach(), expected.detach(), rtol=near, atol=near)
