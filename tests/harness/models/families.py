"""Small models of many families, by their model type: those that are scored, and those that are refused."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from tests.harness.models.decoders import VOCABULARY

SPECIAL: dict[str, Any] = {"vocab_size": VOCABULARY, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
PLAIN = SPECIAL | {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 64}
GATED = PLAIN | {"intermediate_size": 40, "num_key_value_heads": 2}
WIDE = GATED | {"head_dim": 8}
GPT = SPECIAL | {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2}
WINDOW = {"sliding_window": 4}  # shorter than the sequences, so that the caches of such layers are cropped

SCORED: dict[str, dict[str, Any]] = {
    "bloom": SPECIAL | {"hidden_size": 32, "n_layer": 2, "n_head": 4},
    "deepseek_v3": GATED
    | {"num_key_value_heads": 4, "kv_lora_rank": 16, "q_lora_rank": 16, "v_head_dim": 8, "first_k_dense_replace": 1}
    | {"qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "moe_intermediate_size": 16, "n_group": 1, "topk_group": 1}
    | {"n_routed_experts": 4, "num_experts_per_tok": 2},
    "exaone4": GATED,
    "falcon": PLAIN,
    "gemma": WIDE,
    "gemma3_text": WIDE | WINDOW,
    "glm4": WIDE,
    "gpt2": GPT,
    "gpt_bigcode": GPT,
    "gpt_neo": SPECIAL
    | {"hidden_size": 32, "num_layers": 2, "num_heads": 4, "max_position_embeddings": 64, "window_size": 4}
    | {"attention_types": [[["global", "local"], 1]]},
    "gpt_neox": PLAIN | {"intermediate_size": 40},
    "gpt_oss": WIDE | WINDOW | {"num_local_experts": 4, "num_experts_per_tok": 2},
    "gptj": GPT | {"rotary_dim": 4},
    "granite": GATED,
    "llama": GATED,
    "mistral": GATED | WINDOW,
    "mixtral": GATED | {"num_local_experts": 4, "num_experts_per_tok": 2},
    "nemotron": GATED,
    "olmo": GATED,
    "olmo2": GATED,
    "olmo3": GATED | WINDOW,
    "olmoe": GATED | EXPERTS,
    "opt": PLAIN | {"ffn_dim": 40, "word_embed_proj_dim": 32},
    "phi": GATED,
    "phi3": GATED,
    "phimoe": GATED | {"num_local_experts": 4, "num_experts_per_tok": 2},
    "qwen2": GATED | WINDOW | {"use_sliding_window": True, "max_window_layers": 1},
    "qwen2_moe": GATED | EXPERTS | {"moe_intermediate_size": 16, "shared_expert_intermediate_size": 16},
    "qwen3": WIDE,
    "qwen3_moe": WIDE | EXPERTS | {"moe_intermediate_size": 16},
    "smollm3": GATED,
    "stablelm": GATED,
    "starcoder2": GATED,
}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "cohere": (GATED, "its head uses logit_scale"),
    "cohere2": (GATED, "its head uses logit_scale"),
    "gemma2": (WIDE, "its head uses final_logit_softcapping"),
    "jamba": (
        GATED | {"num_experts": 1, "attn_layer_period": 2, "attn_layer_offset": 1, "use_mamba_kernels": False},
        "its cache cannot hold",
    ),
    "lfm2": (GATED | {"layer_types": ["conv", "full_attention"]}, "its cache cannot hold"),
    "qwen3_next": (
        WIDE
        | EXPERTS
        | {"moe_intermediate_size": 16, "shared_expert_intermediate_size": 16, "linear_num_key_heads": 2}
        | {"linear_num_value_heads": 4, "linear_key_head_dim": 8, "linear_value_head_dim": 8}
        | {"layer_types": ["linear_attention", "full_attention"]},
        "its cache cannot hold",
    ),
    "recurrent_gemma": (
        GATED | {"lru_width": 32, "attention_window_size": 4, "block_types": ["recurrent", "attention"]},
        "its cache cannot hold",
    ),
}


def family(kind: str, settings: dict[str, Any]) -> Any:
    """Random weights in float32, biases and scales too, as `from_pretrained` would give the model."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **settings))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape))
    return model.float().eval()
