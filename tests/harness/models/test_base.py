"""The base model by name: weights, tokenizer, device, and what is refused before anything runs."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from rlvr_bench.harness.config.schema import ModelConfig, RolloutConfig
from rlvr_bench.harness.models.base import length_problems, load_base, pick_device, precision_of
from rlvr_bench.harness.models.tiny import ModelError
from tests.harness.small_runs import CPU, config


def test_the_seed_decides_the_weights() -> None:
    one, two, other = (load_base(ModelConfig("tiny:16x1"), seed=seed)[0].state_dict() for seed in (1, 1, 2))
    name = "model.layers.0.mlp.up_proj.weight"
    assert torch.equal(one[name], two[name])
    assert not torch.equal(one[name], other[name])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_weights_have_the_type_that_is_asked_for(dtype: Any) -> None:
    model, _ = load_base(ModelConfig("tiny:16x1", dtype=dtype), seed=0)
    assert {str(p.dtype) for p in model.parameters()} == {f"torch.{dtype}"}


def test_a_name_that_is_neither_path_nor_model_offers_others(tmp_path: Any) -> None:
    with pytest.raises(ModelError, match=r"is no folder here and no name of the hub.*offline choices: tiny:64x2"):
        load_base(ModelConfig(str(tmp_path / "nothing")), seed=0)


def test_a_local_folder_is_loaded(tmp_path: Any) -> None:
    saved, tokenizer = load_base(ModelConfig("tiny:16x1"), seed=3)
    saved.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    model, loaded = load_base(ModelConfig(str(tmp_path)), seed=0)
    for one, other in zip(saved.parameters(), model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert (loaded.padding_side, loaded.pad_token) == ("left", tokenizer.pad_token)


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
    assert length_problems(model.config, RolloutConfig(max_prompt_tokens=4000, max_tokens=96)) == []
    (problem,) = length_problems(model.config, RolloutConfig(max_prompt_tokens=4000, max_tokens=97))
    assert "reach 4097 tokens, the model holds 4096" in problem


@pytest.mark.parametrize("on", [False, True])
def test_gradient_checkpointing_is_switched_on(on: bool) -> None:
    model, _ = load_base(ModelConfig("tiny:16x1", gradient_checkpointing=on), seed=0)
    assert bool(getattr(model.base_model, "gradient_checkpointing", False)) is on
