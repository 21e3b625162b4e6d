"""The base model by name: weights, tokenizer, device, and what is refused before anything runs."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch

from rlvr_bench.harness.config.schema import ModelConfig
from rlvr_bench.harness.models import base
from rlvr_bench.harness.models.architectures import ARCHITECTURES, Architecture, architecture_config
from rlvr_bench.harness.models.base import length_problems, load_base, pick_device, precision_of
from rlvr_bench.harness.models.tiny import TAGS, ModelError, character_tokenizer
from tests.harness.small_runs import CPU, config

SMALL = Architecture("llama", 200, 36, 40, 1, 9, 3, True, 1e4)


def test_the_seed_decides_the_weights() -> None:
    one, two, other = (load_base(ModelConfig("tiny:16x1"), seed=seed)[0].state_dict() for seed in (1, 1, 2))
    name = "model.layers.0.mlp.up_proj.weight"
    assert torch.equal(one[name], two[name])
    assert not torch.equal(one[name], other[name])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_weights_have_the_type_that_is_asked_for(dtype: Any) -> None:
    model, _ = load_base(ModelConfig("tiny:16x1", dtype=dtype), seed=0)
    assert {str(p.dtype) for p in model.parameters()} == {f"torch.{dtype}"}


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


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_published_architecture_as_it_is_written(name: str) -> None:
    a, found = ARCHITECTURES[name], architecture_config(f"arch:{name}", pad_token_id=0, eos_token_id=1)
    asked = {field: value for field, value in dataclasses.asdict(a).items() if field not in ("family", "rope_theta")}
    assert {field: getattr(found, field) for field in asked} == asked
    assert found.model_type == a.family
    assert found.rope_parameters["rope_theta"] == a.rope_theta


def test_an_architecture_has_random_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES, "small", SMALL)
    model, tokenizer = load_base(ModelConfig("arch:small"), seed=0)
    assert model.config.num_key_value_heads == 3
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    assert len(tokenizer) <= 200


def test_an_architecture_that_nobody_knows_names_those_that_are_known() -> None:
    with pytest.raises(ModelError, match=r"no architecture 'gpt-9' \(known: smollm2-135m"):
        load_base(ModelConfig("arch:gpt-9"), seed=0)


def test_a_name_that_is_neither_path_nor_model_offers_others(tmp_path: Any) -> None:
    with pytest.raises(ModelError, match=r"neither a local folder nor a model.*offline choices: tiny:64x2"):
        load_base(ModelConfig(str(tmp_path / "nothing")), seed=0)


def test_a_local_folder_is_loaded(tmp_path: Any) -> None:
    saved, tokenizer = load_base(ModelConfig("tiny:16x1"), seed=3)
    saved.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model, loaded = load_base(ModelConfig(str(tmp_path)), seed=0)
    for one, other in zip(saved.parameters(), model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert (loaded.padding_side, loaded.pad_token) == ("left", tokenizer.pad_token)


@pytest.mark.parametrize("attribute", ["final_logit_softcapping", "logits_scaling", "logit_scale"])
def test_logits_that_scoring_would_get_wrong_are_refused(attribute: str) -> None:
    model, _ = load_base(ModelConfig("tiny:16x1"), seed=0)
    for harmless in (None, 1, 1.0):
        setattr(model.config, attribute, harmless)
        base._check_logits_are_plain(model, "it")
    setattr(model.config, attribute, 30.0)
    with pytest.raises(ModelError, match=f"'it' uses {attribute}"):
        base._check_logits_are_plain(model, "it")


def test_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device(ModelConfig()) == pick_device(ModelConfig(device="cpu")) == CPU
    with pytest.raises(ModelError, match="torch sees no GPU"):
        pick_device(ModelConfig(device="cuda"))


def test_a_gpu_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    assert pick_device(ModelConfig()) == pick_device(ModelConfig(device="cuda")) == torch.device("cuda", 1)
    assert pick_device(ModelConfig(device="cpu")) == CPU


@pytest.mark.parametrize(
    ("dtype", "autocast", "expected"),
    [("float32", "off", "float32"), ("float32", "bfloat16", "bfloat16"), ("bfloat16", "off", "bfloat16")],
)
def test_the_type_of_the_products(dtype: str, autocast: str, expected: str) -> None:
    assert precision_of(config(model={"dtype": dtype}, compute={"autocast": autocast})) == expected


def test_lengths_that_the_model_cannot_hold() -> None:
    model, _ = load_base(ModelConfig("tiny:16x1"), seed=0)
    assert length_problems(model, tokens=4096) == []
    (problem,) = length_problems(model, tokens=4097)
    assert "reach 4097 tokens, the model holds 4096" in problem
