"""Prompts as turns of a conversation, where the tokenizer has a template for it."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.rollout.torch_engine import Sampling, TransformersEngine, encode_prompts, prompt_ids
from tests.harness.small_runs import CPU, config

TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.fixture
def loaded() -> tuple[Any, Any]:
    return load_base(config().model, seed=0)


def test_a_prompt_is_the_users_turn(loaded: tuple[Any, Any]) -> None:
    tokenizer = loaded[1]
    plain = prompt_ids(tokenizer, "sort 1:", chat=True)  # this tokenizer has no template
    tokenizer.chat_template = TEMPLATE
    assert plain == prompt_ids(tokenizer, "sort 1:", chat=False)
    assert tokenizer.decode(prompt_ids(tokenizer, "sort 1:", chat=True)) == "<user>sort 1:\n<assistant>"
    ids, mask = encode_prompts(tokenizer, ["a", "bcd"], 100, CPU, chat=True)
    assert ids.shape == mask.shape == (2, len("<user>bcd\n<assistant>"))
    assert mask.sum(1).tolist() == [len("<user>a\n<assistant>"), len("<user>bcd\n<assistant>")]


@pytest.mark.parametrize(("setting", "expected"), [("auto", "<user>ab\n<assistant>"), ("never", "ab")])
def test_the_setting_decides(setting: str, expected: str, loaded: tuple[Any, Any]) -> None:
    model, tokenizer = loaded
    tokenizer.chat_template = TEMPLATE
    engine = TransformersEngine.of(config(model={"chat_template": setting}), model, tokenizer)
    samples = engine.sample(["ab"], Sampling(1, 1), torch.Generator().manual_seed(0))
    assert tokenizer.decode(samples.prompt_ids[0]) == expected
