"""Tiny models: their names, their sizes and the character tokenizer."""

from __future__ import annotations

import pytest

from rlvr_bench.harness.config.schema import ModelConfig
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.models.tiny import TAGS, ModelError, character_tokenizer, tiny_config


@pytest.mark.parametrize("name", ["tiny:16", "tiny:0x1", "tiny:24x1", "tiny:16x0", "tiny:64x2x1"])
def test_a_tiny_name_that_is_none(name: str) -> None:
    with pytest.raises(ModelError, match="WIDTHxLAYERS"):
        load_base(ModelConfig(name), seed=0)


def test_a_tag_is_a_token_and_so_is_every_character() -> None:
    tokenizer = character_tokenizer()
    text = "<think>a b\n</think><answer>7</answer>"
    pieces = tokenizer.convert_ids_to_tokens(tokenizer(text)["input_ids"])
    assert pieces == ["<think>", "a", " ", "b", "\n", "</think>", "<answer>", "7", "</answer>"]
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    assert len({tokenizer.pad_token_id, tokenizer.eos_token_id, *tokenizer(list(TAGS))["input_ids"][0]}) == 3


def test_the_name_is_the_size() -> None:
    config = tiny_config("tiny:48x3", character_tokenizer())
    assert (config.hidden_size, config.num_hidden_layers, config.intermediate_size) == (48, 3, 192)
    assert (config.num_attention_heads, config.num_key_value_heads) == (3, 3)
    assert config.tie_word_embeddings and config.vocab_size == 3 + 4 + 96  # special tokens, tags, characters
