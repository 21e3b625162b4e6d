"""Prompts to tokens: turns of a conversation where the tokenizer has a template for it, and the length limit."""

from __future__ import annotations

from typing import Any

import pytest

from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.rollout.text import PromptError, encode_prompts, left_padded, prompt_ids
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
    ids, mask = left_padded(encode_prompts(tokenizer, ["a", "bcd"], config()), tokenizer.pad_token_id, CPU)
    assert ids.shape == mask.shape == (2, len("<user>bcd\n<assistant>"))
    assert mask.sum(1).tolist() == [len("<user>a\n<assistant>"), len("<user>bcd\n<assistant>")]


@pytest.mark.parametrize(("setting", "expected"), [("auto", "<user>ab\n<assistant>"), ("never", "ab")])
def test_the_setting_decides(setting: str, expected: str, loaded: tuple[Any, Any]) -> None:
    tokenizer = loaded[1]
    tokenizer.chat_template = TEMPLATE
    (ids,) = encode_prompts(tokenizer, ["ab"], config(model={"chat_template": setting}))
    assert tokenizer.decode(ids) == expected


@pytest.mark.parametrize("prompt", ["x" * 17, ""])
def test_a_prompt_that_does_not_fit_is_named(loaded: tuple[Any, Any], prompt: str) -> None:
    settings = config(rollout={"max_prompt_tokens": 16})
    with pytest.raises(PromptError, match=rf"{prompt}' has {len(prompt)} tokens, allowed are 1 to 16"):
        encode_prompts(loaded[1], ["a", prompt], settings)
