"""Small decoders in float64, and transformers' own forward pass in float64 throughout."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen2Config

from rlvr_bench.algorithms.types import Rollout

VOCABULARY = 50
SIZES: dict[str, Any] = {"vocab_size": VOCABULARY, "intermediate_size": 40, "num_hidden_layers": 2, "pad_token_id": 0}
CONFIGS = {
    "9 heads on 3": LlamaConfig(
        **SIZES, hidden_size=36, num_attention_heads=9, num_key_value_heads=3, tie_word_embeddings=True
    ),
    "wide heads, untied": LlamaConfig(
        **SIZES, hidden_size=24, num_attention_heads=3, num_key_value_heads=3, head_dim=10, tie_word_embeddings=False
    ),
    "llama with biases": LlamaConfig(
        **SIZES, hidden_size=16, num_attention_heads=2, num_key_value_heads=1, attention_bias=True
    ),
    "qwen2": Qwen2Config(
        **SIZES, hidden_size=32, num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True
    ),
}


def causal_lm(config: Any, dtype: torch.dtype = torch.float64) -> Any:
    """Random weights, biases and scales too, so that a part that is left out shows."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
    return model.to(dtype)


class Norm(nn.Module):
    """Root mean square normalization as written down; transformers computes it in float32 whatever it is given."""

    def __init__(self, norm: Any) -> None:
        super().__init__()
        self.weight, self.eps = norm.weight, norm.variance_epsilon

    def forward(self, x: Tensor) -> Tensor:
        return x / torch.sqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def reference(model: Any) -> Any:
    """A copy that goes through transformers' forward pass, with its norms in the model's own precision."""
    model = copy.deepcopy(model)
    backbone = model.base_model
    for layer in backbone.layers:
        layer.input_layernorm, layer.post_attention_layernorm = (
            Norm(layer.input_layernorm),
            Norm(layer.post_attention_layernorm),
        )
    backbone.norm = Norm(backbone.norm)
    return model


def alone(backbone: Any, tokens: list[int]) -> Tensor:
    """Hidden states of one sequence read by itself: no padding, no cache."""
    return backbone(input_ids=torch.tensor([tokens]), use_cache=False).last_hidden_state[0]


def within_vocabulary(rollout: Rollout) -> Rollout:
    """The same lengths and groups with tokens that these models know."""
    return replace(
        rollout, prompt_ids=rollout.prompt_ids % VOCABULARY, completion_ids=rollout.completion_ids % VOCABULARY
    )
