"""Products in bfloat16, where the configuration asks for it."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from rlvr_bench.harness.models.precision import autocast
from tests.harness.small_runs import CPU


@pytest.mark.parametrize(("precision", "dtype"), [("off", torch.float32), ("bfloat16", torch.bfloat16)])
def test_the_type_of_products_and_of_all_else(precision: Any, dtype: torch.dtype) -> None:
    matrix = torch.randn(4, 4)
    with autocast(CPU, precision):
        assert (matrix @ matrix).dtype == dtype
        assert torch.softmax(matrix, -1).dtype == (matrix + matrix).dtype == torch.float32
    assert (matrix @ matrix).dtype == torch.float32
