"""FLOPs by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Model

from rlvr_bench.harness.meters.flops import (
    ModelShape,
    causal_context,
    forward_flops,
    model_shape,
    peak_flops,
    peak_of,
    training_flops,
)

SHAPE = ModelShape(body=100, head=30, layers=2, attention_width=8)


def test_forward_and_training() -> None:
    assert forward_flops(SHAPE, 10) == 2600.0  # 10 x 2 x (100 + 30)
    assert training_flops(SHAPE, 10) == 7800.0  # 6 a token and parameter
    assert forward_flops(SHAPE, 10, head_tokens=4) == 2240.0  # 10 x 200 + 4 x 60
    # A token attends to 5.5 positions on average; 4 x 2 x 8 x 5.5 = 352 more for each of ten.
    assert causal_context(10) == 5.5
    assert forward_flops(SHAPE, 10, context=causal_context(10)) == 6120.0


def config(tied: bool, **more: int) -> Qwen2Config:
    return Qwen2Config(
        vocab_size=11, hidden_size=8, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        intermediate_size=16, tie_word_embeddings=tied, **more,
    )  # fmt: skip


# A layer: q 8x8 + 8, k and v 2 x (8x4 + 4), o 8x8, gate, up, down 3 x 8x16, two norms of 8.
LAYER = 72 + 72 + 64 + 384 + 16
BODY = 2 * LAYER + 8  # and the last norm


@pytest.mark.parametrize("tied", [True, False])
def test_shape_of_a_language_model(tied: bool) -> None:
    assert model_shape(Qwen2ForCausalLM(config(tied))) == ModelShape(BODY, 88, 2, 8)


def test_attention_width_is_heads_times_head_size() -> None:
    assert model_shape(Qwen2ForCausalLM(config(True, head_dim=6))).attention_width == 12


class Critic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.trunk = Qwen2Model(config(True))
        self.value = nn.Linear(8, 1)


def test_a_critic_has_no_lm_head() -> None:
    assert model_shape(Critic()) == ModelShape(BODY + 9, 0, 2, 8)


def test_shape_of_any_module() -> None:
    assert model_shape(nn.Linear(3, 2)) == ModelShape(8, 0, 0, 0)


@pytest.mark.parametrize(
    ("name", "kind", "peak"),
    [
        ("NVIDIA A100-SXM4-80GB", "16", 312e12),
        ("NVIDIA A100 80GB PCIe", "32", 19.5e12),
        ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", "16", None),
        ("NVIDIA H100 80GB HBM3", "16", 989.4e12),
        ("NVIDIA H100 PCIe", "tf32", 378e12),
        ("NVIDIA H200", "16", 989.4e12),
        ("NVIDIA L4", "16", 121e12),
        ("NVIDIA L40S", "16", None),
        ("NVIDIA GeForce RTX 4090", "16", 165.2e12),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", "16", None),
        ("NVIDIA H200", "64", None),
    ],
)
def test_peaks(name: str, kind: str, peak: float | None) -> None:
    assert peak_of(name, kind) == peak


def test_peak_by_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA L4")
    assert peak_flops(torch.device("cuda"), torch.bfloat16) == 121e12
    assert peak_flops(torch.device("cuda"), torch.float32) == 30.3e12
    assert peak_flops(torch.device("cpu"), torch.float32) is None


def test_no_gradient_is_computed_for_weights_that_are_frozen() -> None:
    """Of 100 numbers 80 are frozen: 80 x 4 + 20 x 6 a token, and a frozen head 2 + 2 of its 30."""
    shape = ModelShape(100, 30, 2, 8, frozen_body=80, frozen_head=30)
    assert training_flops(shape, 10) == 10 * (80 * 4 + 20 * 6 + 30 * 4)
    assert training_flops(shape, 10, head_tokens=3) == 10 * (80 * 4 + 20 * 6) + 3 * 30 * 4
    # Attention has no weights: its two products have two gradients each, 3 x 4 L d c.
    assert training_flops(shape, 10, context=5) - training_flops(shape, 10) == 10 * 3 * 4 * 2 * 8 * 5


@pytest.mark.parametrize("tied", [True, False])
def test_frozen_tables_are_in_no_product_and_a_frozen_head_is(tied: bool) -> None:
    model = Qwen2ForCausalLM(config(tied)).requires_grad_(False)
    trained = model.model.layers[0].mlp.up_proj.weight.requires_grad_(True)
    assert model_shape(model) == ModelShape(BODY, 88, 2, 8, BODY - trained.numel(), 88)
