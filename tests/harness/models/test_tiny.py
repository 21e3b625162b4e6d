"""Tiny models: their names, their sizes and the character tokenizer."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr_bench.harness.config.schema import ModelConfig
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.models.tiny import TAGS, ModelError, as_qwen2, character_tokenizer, tiny_config


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


def test_as_one_of_qwen2_it_reads_the_same(tmp_path: Path) -> None:
    """Also when it is read back as whatever class transformers takes for a Qwen2 model."""
    from transformers import AutoTokenizer

    ours = character_tokenizer()
    tiny_config("tiny:16x1", ours).save_pretrained(tmp_path)
    as_qwen2(ours).save_pretrained(tmp_path)
    saved = AutoTokenizer.from_pretrained(tmp_path)
    text = "".join(token for token in ours.get_vocab() if len(token) == 1) + "<answer> 1  2 </answer>\n\n a<eos>"
    assert saved(text)["input_ids"] == ours(text)["input_ids"]
    assert saved.decode(saved(text)["input_ids"]) == text
    assert (saved.pad_token_id, saved.eos_token_id, len(saved)) == (ours.pad_token_id, ours.eos_token_id, len(ours))
