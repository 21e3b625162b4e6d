"""Attention on tensors without data: the kernel that torch takes on the run's device, with what that kernel keeps.

`scaled_dot_product_attention` chooses a kernel by the device of its tensors, and on `meta` takes the one that writes
out all scores.  Here the choice is that of torch 2.13: on a CPU always the fused kernel; on CUDA in 16 bits cuDNN's,
which torch prefers on Hopper and Blackwell; in float32 the memory-efficient one, or, where there are fewer key heads
than query heads, which that kernel does not take, the one that writes out all scores.  A boolean mask becomes numbers
of the query's type in every call, and is kept for the backward pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn import functional

ALIGNED = 16  # the memory-efficient kernel takes masks whose rows are multiples of so many numbers


@contextmanager
def attention_on(*, cuda: bool) -> Iterator[None]:
    """Inside, `scaled_dot_product_attention` of tensors without data is that of the device.

    The function is replaced, and not caught by a mode, because backward passes that recompute call it too.
    """
    before, chosen = functional.scaled_dot_product_attention, _on_cuda if cuda else _on_cpu

    def attend(
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Tensor:
        if not query.is_meta:
            return before(query, key, value, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa)
        return chosen(query, key, value, _bias(attn_mask, query), dropout_p, is_causal, scale)

    functional.scaled_dot_product_attention = attend
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = before


def _on_cpu(
    query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, dropout: float, causal: bool, scale: float | None
) -> Tensor:
    return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        query, key, value, dropout, causal, attn_mask=bias, scale=scale
    )[0]


def _on_cuda(
    query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, dropout: float, causal: bool, scale: float | None
) -> Tensor:
    kept = any(t.requires_grad for t in (query, key, value)) and torch.is_grad_enabled()
    if query.dtype in (torch.bfloat16, torch.float16):
        return torch.ops.aten._scaled_dot_product_cudnn_attention(
            query, key, value, bias, kept, dropout, causal, False, scale=scale
        )[0]
    if key.shape[1] != query.shape[1]:
        return torch.ops.aten._scaled_dot_product_attention_math(
            query, key, value, bias, dropout, causal, scale=scale, enable_gqa=True
        )[0]
    if bias is not None:
        columns = bias.shape[-1]
        if columns % ALIGNED:
            bias = functional.pad(bias, (0, -columns % ALIGNED))[..., :columns]
        bias = bias.expand(query.shape[0], query.shape[1], query.shape[2], columns)
    return torch.ops.aten._scaled_dot_product_efficient_attention(
        query, key, value, bias, kept, dropout, causal, scale=scale
    )[0]


def _bias(mask: Tensor | None, query: Tensor) -> Tensor | None:
    """A mask as numbers that are added to the scores, of the query's type."""
    if mask is None or mask.dtype != torch.bool:
        return mask
    return torch.full(mask.shape, -torch.inf, dtype=query.dtype, device=query.device).masked_fill_(mask, 0.0)
