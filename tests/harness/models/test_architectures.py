"""Real architectures with random weights."""

from __future__ import annotations

import dataclasses

import pytest

from rlvr_bench.harness.config.schema import ModelConfig
from rlvr_bench.harness.models.architectures import ARCHITECTURES, Architecture, architecture_config
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.models.tiny import ModelError

SMALL = Architecture("llama", 200, 36, 40, 1, 9, 3, True, 1e4)


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
