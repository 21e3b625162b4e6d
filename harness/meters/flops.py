"""Model FLOPs by formula, and peak FLOP/s of well-known GPUs.

With N the parameters that multiply each token (all but embedding tables, which are looked up), V h those
of the LM head where logits are computed, L layers, d = heads x head size, and c the mean number of
positions that a token attends to:

    forward  = tokens (2 N + 4 L d c) + head_tokens 2 V h
    training = 3 x forward     (2 for the two products of the backward pass: 6 N a token)

Tokens are positions that are read: of a prompt all, once for its group; of a completion of n tokens n - 1, because
nothing needs the state after the last one, except the reward model, which reads n.  Head tokens are all n.

With F of the N frozen under trained ones (adapters), the product that gives the gradient of a weight is left out, and
likewise in a frozen head:

    training = 3 x forward - tokens 2 F - head_tokens 2 V h     (4 F + 6 (N - F) a token)

That below the first adapter no gradient is needed at all is not subtracted.

A multiply and an add are two FLOPs.  The attention term is the two products with keys and values, 2 d c
each.  These are *model* FLOPs: recomputation under gradient checkpointing, padding and work that an
implementation could have left out do not count, so utilization can be compared between implementations.
A critic or reward model has a scalar head of h parameters, in N, and no LM head.
Source: Kaplan et al. 2020, arXiv:2001.08361; Chowdhery et al. 2022, arXiv:2204.02311, appendix B.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from rlvr_bench.harness.meters.states import count_parameters

# Dense TFLOP/s from the manufacturers' data sheets: 16-bit floats with fp32 accumulation, TF32, fp32 without
# tensor cores.  The whole name must match: an L4 is not an L40, nor is a MIG slice its GPU.
PEAKS: tuple[tuple[str, dict[str, float]], ...] = (
    (r"NVIDIA A100-(SXM4|PCIE)-\d+GB|NVIDIA A100 80GB PCIe", {"16": 312, "tf32": 156, "32": 19.5}),
    (r"NVIDIA H100 80GB HBM3", {"16": 989.4, "tf32": 494.7, "32": 67}),
    (r"NVIDIA H100 PCIe", {"16": 756, "tf32": 378, "32": 51}),
    (r"NVIDIA H200", {"16": 989.4, "tf32": 494.7, "32": 67}),
    (r"NVIDIA L4", {"16": 121, "tf32": 60, "32": 30.3}),
    (r"NVIDIA GeForce RTX 4090", {"16": 165.2, "tf32": 82.6, "32": 82.6}),
)


@dataclass(frozen=True)
class ModelShape:
    """What the formula needs to know about a model."""

    body: int  # parameters, embedding tables and LM head left out
    head: int  # parameters of the LM head, tied or not; 0 without one
    layers: int
    attention_width: int  # heads x head size
    frozen_body: int = 0  # of the body those without a gradient
    frozen_head: int = 0  # of the head, likewise


def model_shape(model: nn.Module) -> ModelShape:
    """Shape of a transformers model or of a module around one.

    The attention term is zero for a module without a transformers configuration.
    """
    tables = [m.weight for m in model.modules() if isinstance(m, nn.Embedding)]
    head = next(filter(None, (_lm_head(m) for m in model.modules())), None)
    heads = [] if head is None else [head.weight]
    looked_up = count_parameters([*tables, *heads])
    configs = (getattr(m, "config", None) for m in model.modules())
    config: Any = next((c for c in configs if hasattr(c, "num_hidden_layers")), None)
    outside = {id(weight) for weight in (*tables, *heads)}
    return ModelShape(
        body=count_parameters(model.parameters()) - looked_up,
        head=count_parameters(heads),
        layers=0 if config is None else config.num_hidden_layers,
        attention_width=0 if config is None else _attention_width(config),
        frozen_body=count_parameters(p for p in model.parameters() if id(p) not in outside and not p.requires_grad),
        frozen_head=count_parameters(p for p in heads if not p.requires_grad),
    )


def _lm_head(module: nn.Module) -> Any:
    get = getattr(module, "get_output_embeddings", None)
    return get() if get is not None else None


def _attention_width(config: Any) -> int:
    head_size = getattr(config, "head_dim", None)
    return config.num_attention_heads * head_size if head_size else config.hidden_size


def causal_context(length: int) -> float:
    """Mean number of positions that a token of a causal sequence attends to: 1, 2, ... length."""
    return (length + 1) / 2


def forward_flops(shape: ModelShape, tokens: int, *, context: float = 0, head_tokens: int | None = None) -> float:
    """FLOPs of a forward pass (scoring, or generation with a cache of keys and values).

    Args:
        tokens: positions that went through the model, padding left out.
        context: mean number of positions attended to; 0 leaves the attention term out.
        head_tokens: positions whose logits were computed; all by default.
    """
    in_head = tokens if head_tokens is None else head_tokens
    body = 2 * shape.body + 4 * shape.layers * shape.attention_width * context
    return float(tokens * body + in_head * 2 * shape.head)


def training_flops(shape: ModelShape, tokens: int, *, context: float = 0, head_tokens: int | None = None) -> float:
    """FLOPs of a forward and backward pass; arguments as in `forward_flops`."""
    in_head = tokens if head_tokens is None else head_tokens
    without_gradient = tokens * 2 * shape.frozen_body + in_head * 2 * shape.frozen_head
    return 3 * forward_flops(shape, tokens, context=context, head_tokens=head_tokens) - without_gradient


def peak_flops(device: torch.device, dtype: torch.dtype) -> float | None:
    """Peak dense FLOP/s of a GPU in matrix products of `dtype`; None for a CPU or a GPU not in the table.

    float32 counts as TF32 when PyTorch is allowed to use it.
    """
    if device.type != "cuda":
        return None
    tf32 = dtype == torch.float32 and _tf32_allowed()
    return peak_of(torch.cuda.get_device_name(device), "tf32" if tf32 else str(dtype.itemsize * 8))


def _tf32_allowed() -> bool:
    """The old flag raises once the new one was set, and torch before 2.9 has only the old one."""
    matmul: Any = torch.backends.cuda.matmul
    return matmul.fp32_precision == "tf32" if hasattr(matmul, "fp32_precision") else bool(matmul.allow_tf32)


def peak_of(name: str, kind: str) -> float | None:
    """Peak FLOP/s by the device's name; `kind` is "16", "tf32" or "32"."""
    row = next((figures for pattern, figures in PEAKS if re.fullmatch(pattern, name)), {})
    return row[kind] * 1e12 if kind in row else None
