"""A lean forward pass for Llama and Qwen2 decoders: the numbers of transformers' own to float tolerance, in less time.

It reads the weights of the transformers module that it is made for.  What it does otherwise:
- keys and values are written in place into a buffer that grows by doubling, not concatenated at every token;
- queries, keys and values are one product, and so are gate and up, where the weights are small enough to be copied
  once per rollout (`packed`);
- normalization, rotation and the gated activation keep only their inputs for the backward pass.
Adapters are added to the weights where these are packed, unless that would round them away (narrow types), and called
as modules otherwise.
Other architectures, and gradient checkpointing, go through transformers' own forward pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from rlvr_bench.harness.models.adapters import adapted, whole_weight

FAMILIES = ("llama", "qwen2")
States = tuple[Tensor, Tensor]  # keys and values of one layer, (rows, heads, tokens, size)
PACKED_NUMBERS = 2**24  # weights that are copied to pack them, at most: 64 MiB in float32


def is_lean(backbone: nn.Module) -> bool:
    """Whether this pass computes what the module computes."""
    config: Any = backbone.config
    layers = getattr(config, "layer_types", None) or ["full_attention"]
    return (
        config.model_type in FAMILIES
        and config.hidden_act == "silu"
        and not getattr(config, "attention_dropout", 0.0)
        and not getattr(config, "mlp_bias", False)
        and set(layers) == {"full_attention"}
    )


def positions_of(mask: Tensor) -> Tensor:  # (B, T) -> (B, T)
    """The place of each token among those that are no padding; 0 for padding on the left."""
    return (mask.long().cumsum(1) - 1).clamp(min=0)


class KeyValues:
    """Keys and values of one layer, (rows, heads, tokens, size); tokens are written in place."""

    def __init__(self, keys: Tensor, values: Tensor, *, most: int) -> None:
        """
        Args:
            most: tokens that there can ever be.
        """
        self.keys, self.values, self.length, self.most = keys, values, keys.shape[2], most

    def append(self, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and values with the new ones behind the old."""
        end = self.length + keys.shape[2]
        if end > self.keys.shape[2]:
            self.keys, self.values = (self._grown(b, end) for b in (self.keys, self.values))
        self.keys[:, :, self.length : end] = keys
        self.values[:, :, self.length : end] = values
        self.length = end
        return self.keys[:, :, :end], self.values[:, :, :end]

    def _grown(self, buffer: Tensor, end: int) -> Tensor:
        rows, heads, capacity, size = buffer.shape
        grown = buffer.new_empty(rows, heads, min(max(2 * capacity, end, 32), self.most), size)
        grown[:, :, : self.length] = buffer[:, :, : self.length]
        return grown

    def take(self, rows: Tensor) -> None:
        """Keep these rows, in this order; a row may be taken several times."""
        self.keys = self.keys[:, :, : self.length].index_select(0, rows)
        self.values = self.values[:, :, : self.length].index_select(0, rows)


class Decoder:
    """The pass over one backbone.  Make one for each use: `packed` copies weights as they are now."""

    def __init__(self, backbone: Any, *, packed: bool = False) -> None:
        self.backbone = backbone
        config = backbone.config
        self.heads, self.kv_heads = config.num_attention_heads, config.num_key_value_heads
        self.size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        count = sum(p.numel() for p in backbone.layers.parameters())
        packed = packed and count <= PACKED_NUMBERS and not (adapted(backbone) and _is_narrow(backbone))
        self._packed = [_pack(layer) for layer in backbone.layers] if packed else None

    def __call__(
        self,
        ids: Tensor,
        positions: Tensor,
        *,
        past: Sequence[States] | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, list[States]]:
        """Hidden states after the last layer, (B, T, H), and keys and values by layer, if these tokens are the first.

        Args:
            ids, positions: (B, T).
            past: keys and values before these tokens, by layer; gradients flow into them.
            mask: (B or 1, 1, T, tokens) bool, what each token attends to; None for causal attention without padding.
        """
        backbone, states = self.backbone, []
        hidden = backbone.embed_tokens(ids)
        cos, sin = (table[..., : self.size // 2].unsqueeze(2) for table in backbone.rotary_emb(hidden, positions))
        for i, layer in enumerate(backbone.layers):
            x = _norm(hidden, layer.input_layernorm)
            query, key, value = self._project(i, layer.self_attn, x)
            query, key = (_Rotate.apply(part, cos, sin).transpose(1, 2) for part in (query, key))
            value = value.transpose(1, 2)
            if past is None:
                states.append((key, value))
            else:
                key, value = (torch.cat(pair, dim=2) for pair in zip(past[i], (key, value), strict=True))
            attended = functional.scaled_dot_product_attention(
                query,
                key,
                value,
                attn_mask=mask,
                is_causal=mask is None and query.shape[2] > 1,
                enable_gqa=self.kv_heads != self.heads,
            )
            hidden = hidden + layer.self_attn.o_proj(attended.transpose(1, 2).flatten(2))
            x = _norm(hidden, layer.post_attention_layernorm)
            hidden = hidden + layer.mlp.down_proj(self._gated(i, layer.mlp, x))
        return _norm(hidden, backbone.norm), states

    def token(self, ids: Tensor, positions: Tensor, cache: list[KeyValues], mask: Tensor | None) -> Tensor:
        """Hidden states after one token more of each sequence, (B, H); its keys and values go into the cache.

        Args:
            ids, positions: (B,).
            mask: (B, tokens) bool, what is no padding, this token included; None where nothing is padded.
        """
        backbone = self.backbone
        hidden = backbone.embed_tokens(ids)
        tables = backbone.rotary_emb(hidden, positions.unsqueeze(1))
        cos, sin = (table[..., : self.size // 2] for table in tables)  # (B, 1, size / 2)
        for i, layer in enumerate(backbone.layers):
            x = _norm_alone(hidden, layer.input_layernorm)
            query, key, value = self._project(i, layer.self_attn, x)
            keys, values = cache[i].append(_rotated(key, cos, sin).unsqueeze(2), value.unsqueeze(2))
            attended = _attend_one(_rotated(query, cos, sin), keys, values, mask)
            hidden = hidden + layer.self_attn.o_proj(attended)
            x = _norm_alone(hidden, layer.post_attention_layernorm)
            hidden = hidden + layer.mlp.down_proj(self._gated(i, layer.mlp, x))
        return _norm_alone(hidden, backbone.norm)

    def _project(self, i: int, attention: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, (B, T, heads, size)."""
        if self._packed is None:
            parts = [projection(x) for projection in (attention.q_proj, attention.k_proj, attention.v_proj)]
        else:
            weight, bias, _ = self._packed[i]
            widths = [heads * self.size for heads in (self.heads, self.kv_heads, self.kv_heads)]
            parts = list(functional.linear(x, weight, bias).split(widths, dim=-1))
        query, key, value = (part.unflatten(-1, (-1, self.size)) for part in parts)
        return query, key, value

    def _gated(self, i: int, mlp: Any, x: Tensor) -> Tensor:
        if self._packed is None:
            return _Gate.apply(mlp.gate_proj(x), mlp.up_proj(x))
        gate, up = functional.linear(x, self._packed[i][2]).chunk(2, dim=-1)
        return functional.silu(gate).mul_(up)


def causal_mask(mask: Tensor) -> Tensor:
    """What each token of left-padded sequences attends to, (B, 1, T, T); padding to itself, so nothing is NaN."""
    size = mask.shape[1]
    causal = torch.ones(size, size, dtype=torch.bool, device=mask.device).tril()
    itself = torch.eye(size, dtype=torch.bool, device=mask.device)
    return (causal & (mask.unsqueeze(1) | itself)).unsqueeze(1)


def _attend_one(query: Tensor, keys: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
    """Attention of one token, (B, heads, size), to (B, kv_heads, tokens, size), as two products."""
    rows, kv_heads, _, size = keys.shape
    grouped = query.unflatten(1, (kv_heads, -1)) * size**-0.5  # (B, kv_heads, heads / kv_heads, size)
    scores = torch.matmul(grouped, keys.transpose(-1, -2))
    if mask is not None:
        scores = scores.masked_fill(~mask[:, None, None], -torch.inf)
    return torch.matmul(torch.softmax(scores, dim=-1), values).view(rows, -1)


def _pack(layer: Any) -> tuple[Tensor, Tensor | None, Tensor]:
    """Weight and bias of queries, keys and values as one, and the weight of gate and up."""
    attention, mlp = layer.self_attn, layer.mlp
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    bias = None if projections[0].bias is None else torch.cat([p.bias for p in projections])
    weights = [whole_weight(p) for p in projections]
    return torch.cat(weights), bias, torch.cat([whole_weight(mlp.gate_proj), whole_weight(mlp.up_proj)])


def _is_narrow(backbone: Any) -> bool:
    """Whether its products are in fewer bits than float32 has, where a small change of a weight is none."""
    weight = next(backbone.parameters())
    return weight.dtype.itemsize < 4 or torch.is_autocast_enabled(weight.device.type)


def _norm(x: Tensor, norm: Any) -> Tensor:
    return _RMSNorm.apply(x, norm.weight, norm.variance_epsilon)


def _norm_alone(x: Tensor, norm: Any) -> Tensor:
    """The same for few rows and without gradients: one call less to wait for."""
    return functional.rms_norm(x.to(norm.weight.dtype), x.shape[-1:], norm.weight, norm.variance_epsilon)


def _wide(x: Tensor) -> Tensor:
    """At least float32."""
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


class _RMSNorm(torch.autograd.Function):
    """x / sqrt(mean(x^2) + eps) * weight, in float32, returned in the weight's type."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        wide = _wide(x)
        scale = torch.linalg.vector_norm(wide, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(eps).rsqrt_()
        ctx.save_for_backward(x, weight, scale)
        return (wide * scale).to(weight.dtype).mul_(weight)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        x, weight, scale = ctx.saved_tensors
        grad, unit = _wide(grads[0]), _wide(x) * scale
        each = grad * unit
        center = torch.mv(each.flatten(0, -2), weight.to(each.dtype)).view(scale.shape).div_(x.shape[-1])
        of_x = (grad * weight).addcmul_(unit, center, value=-1).mul_(scale)
        return of_x.to(x.dtype), each.flatten(0, -2).sum(0).to(weight.dtype), None


class _Rotate(torch.autograd.Function):
    """Rotary position embedding of (B, T, heads, size): the halves of each head are rotated against each other."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        ctx.save_for_backward(cos, sin)
        return _rotated(x, cos, sin)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        cos, sin = ctx.saved_tensors
        return _rotated(grads[0], cos, -sin), None, None


def _rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    half = x.shape[-1] // 2
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    first, second = x[..., :half], x[..., half:]
    out = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    torch.mul(first, cos, out=out[..., :half]).addcmul_(second, sin, value=-1)
    torch.mul(second, cos, out=out[..., half:]).addcmul_(first, sin)
    return out


class _Gate(torch.autograd.Function):
    """silu(gate) * up, of which only the inputs are kept."""

    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        ctx.save_for_backward(gate, up)
        return functional.silu(gate).mul_(up)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        gate, up = ctx.saved_tensors
        of_up = functional.silu(gate).mul_(grads[0])
        return torch.ops.aten.silu_backward(grads[0] * up, gate), of_up
