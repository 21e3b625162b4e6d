"""Dropout is off in what every role is a copy of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM

from rlvr_bench.harness.config.schema import ModelConfig
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.models.dropout import switch_off_dropout
from rlvr_bench.harness.models.tiny import character_tokenizer

SMALL: dict[str, Any] = {"vocab_size": 50, "eos_token_id": 2, "bos_token_id": 1, "pad_token_id": 0}
LAYERS: dict[str, Any] = SMALL | {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
WITH_DROPOUT: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "gpt2": (
        SMALL | {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 32, "summary_first_dropout": 0.5},
        ("resid_pdrop", "embd_pdrop", "attn_pdrop", "summary_first_dropout"),
    ),
    "opt": (
        LAYERS
        | {"ffn_dim": 32, "word_embed_proj_dim": 16, "max_position_embeddings": 32}
        | {"dropout": 0.5, "attention_dropout": 0.5, "layerdrop": 0.5},
        ("dropout", "attention_dropout", "layerdrop"),
    ),
    "llama": (LAYERS | {"intermediate_size": 32, "attention_dropout": 0.5}, ("attention_dropout",)),
    "mixtral": (
        LAYERS
        | {"intermediate_size": 32, "num_key_value_heads": 2, "num_local_experts": 2, "num_experts_per_tok": 1}
        | {"attention_dropout": 0.5, "router_jitter_noise": 0.9},
        ("attention_dropout", "router_jitter_noise"),
    ),
}


@pytest.mark.parametrize("family", WITH_DROPOUT)
def test_training_mode_computes_what_eval_mode_does(family: str) -> None:
    settings, rates = WITH_DROPOUT[family]
    model: Any = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **settings), attn_implementation="sdpa")
    ids, mode = torch.arange(1, 11).view(2, 5), model.eval()
    expected = mode(input_ids=ids).logits
    assert not torch.equal(model.train()(input_ids=ids).logits, expected), "it has dropout to begin with"
    switch_off_dropout(model)
    assert {name: getattr(model.config, name) for name in rates} == dict.fromkeys(rates, 0.0)
    assert not any(module.p for module in model.modules() if isinstance(module, nn.Dropout))
    torch.testing.assert_close(model.train()(input_ids=ids).logits, expected, rtol=0, atol=0)


def test_a_model_that_is_loaded_has_none(tmp_path: Path) -> None:
    settings, _ = WITH_DROPOUT["gpt2"]
    tokenizer = character_tokenizer()
    config = AutoConfig.for_model("gpt2", **settings | {"vocab_size": len(tokenizer)})
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model, _ = load_base(ModelConfig(str(tmp_path)), seed=0)
    assert (model.config.resid_pdrop, model.config.embd_pdrop, model.config.attn_pdrop) == (0, 0, 0)
    assert not any(module.p for module in model.modules() if isinstance(module, nn.Dropout))
