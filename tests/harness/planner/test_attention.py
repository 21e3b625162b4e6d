from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from rlvr_bench.harness.planner.attention import attention_on
from rlvr_bench.harness.planner.ledger import META, Ledger


def attend(dtype: torch.dtype, *, kv_heads: int, masked: bool, cuda: bool) -> int:
    """Bytes of attention that are there after a forward pass; 2 x 4 heads, 6 tokens of size 8 to 10."""
    sizes = ((2, 4, 6, 8), (2, kv_heads, 10, 8), (2, kv_heads, 10, 8))
    query, key, value = (torch.zeros(s, dtype=dtype, device=META, requires_grad=True) for s in sizes)
    mask = torch.ones(2, 1, 6, 10, dtype=torch.bool) if masked else None
    with Ledger(lambda *_: "all") as ledger, attention_on(cuda=cuda):
        ledger.know([query, key, value])
        out = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, enable_gqa=kv_heads != 4)
        held = ledger.live["all"]
        out.sum().backward()
    assert key.grad is not None and key.grad.shape == key.shape
    return held


OUT, LSE, MASK = 2 * 4 * 6 * 8, 2 * 4 * 6, 2 * 6 * 10  # numbers


@pytest.mark.parametrize("kv_heads", [4, 2])
def test_on_a_cpu_it_is_fused(kv_heads: int) -> None:
    held = attend(torch.float32, kv_heads=kv_heads, masked=True, cuda=False)
    assert held == 4 * (OUT + LSE + MASK)  # the mask as float32


@pytest.mark.parametrize("kv_heads", [4, 2])
def test_in_16_bits_on_a_gpu_it_is_fused(kv_heads: int) -> None:
    held = attend(torch.bfloat16, kv_heads=kv_heads, masked=True, cuda=True)
    assert held == 2 * (OUT + MASK) + 4 * LSE + 2 * 8  # and two numbers of the generator's state


def test_in_float32_on_a_gpu_grouped_heads_write_out_all_scores() -> None:
    scores = 4 * 2 * 4 * 6 * 10
    assert attend(torch.float32, kv_heads=2, masked=True, cuda=True) > 2 * scores
    assert attend(torch.float32, kv_heads=4, masked=True, cuda=True) < 4 * (OUT + 32 * 2 * 4 + 2 * 6 * 26) + 16 + 1


def test_real_tensors_are_attended_to_as_ever() -> None:
    x = torch.randn(1, 2, 3, 4)
    before = functional.scaled_dot_product_attention(x, x, x)
    with attention_on(cuda=True):
        assert torch.equal(functional.scaled_dot_product_attention(x, x, x), before)


def test_it_is_the_same_on_a_real_cpu() -> None:
    """What torch takes here keeps the same tensors as what is taken without data."""
    query, key = torch.zeros(2, 4, 6, 8, requires_grad=True), torch.zeros(2, 2, 10, 8, requires_grad=True)
    mask = torch.ones(2, 1, 6, 10, dtype=torch.bool)
    kept: list[int] = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        functional.scaled_dot_product_attention(query, key, key, attn_mask=mask, enable_gqa=True)
    assert sorted(kept) == sorted([query.numel(), key.numel(), key.numel(), MASK, OUT, LSE])
