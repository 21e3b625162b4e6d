"""The cache is as large as it would be after sampling token by token."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from rlvr_bench.harness.config.schema import ModelConfig, RolloutConfig
from rlvr_bench.harness.planner.ledger import META, Ledger
from rlvr_bench.harness.planner.sampling import sample
from rlvr_bench.harness.planner.shapes import shape_of, shell
from rlvr_bench.harness.rollout.torch_engine import TorchRollout


@pytest.mark.parametrize("tokens", [1, 2, 9, 70])
def test_bytes_of_the_cache(tokens: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = shell(shape_of("tiny:32x2"), ModelConfig(name="tiny:32x2"))
    kept: list[Any] = []
    made = TorchRollout(model, pad=0, ends=(1,), max_rows=8)
    before = made.draw_tokens

    def seen(logits: torch.Tensor, *rest: Any) -> Any:
        kept.append(logits.shape[0])
        return before(logits, *rest)

    monkeypatch.setattr(made, "draw_tokens", seen)
    cache: list[int] = []

    def kind(func: Any, args: Any, tensor: torch.Tensor) -> str:
        if tensor.is_meta and tensor.ndim == 4 and tensor.shape[0] == 6 and tensor.shape[2] > 1:
            cache.append(tensor.shape[2])
        return "all"

    with Ledger(kind) as ledger:
        ledger.know(model.parameters())
        sample(made, RolloutConfig(max_tokens=tokens), [10, 9], 3)
    assert kept[0] == 2, "prompts are read once"
    assert all(rows == 6 for rows in kept[1:])
    if tokens > 1:
        assert max(cache) == min(max(cache), 10 + tokens) and max(cache) >= 10 + tokens - 1
    assert META.type == "meta"
