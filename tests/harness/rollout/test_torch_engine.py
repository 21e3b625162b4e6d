"""Sampling, against a loop without a cache that reads each prompt alone and without padding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

from rlvr_bench.harness.config.schema import ModelConfig
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.rollout.torch_engine import (
    PromptError,
    Samples,
    Sampling,
    TransformersEngine,
    decode_completions,
)
from tests.harness.ragged import naive
from tests.harness.small_runs import CPU

PROMPTS = ["a", "bcd", "efghijk", "lm", "nopqrstuvw"]


@pytest.fixture(scope="module")
def loaded() -> tuple[nn.Module, Any]:
    """A random model whose greedy completions end at many different places."""
    model, tokenizer = load_base(ModelConfig("tiny:16x1"), seed=0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # at its initial scale it repeats one token
    return model.eval(), tokenizer


def engine(loaded: tuple[nn.Module, Any], max_rows: int = 64) -> TransformersEngine:
    return TransformersEngine(*loaded, max_prompt_tokens=16, max_rows=max_rows, device=CPU)


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rows(samples: Samples) -> list[list[int]]:
    """Completions as lists, without padding."""
    pairs = zip(samples.completion_ids, samples.response_mask, strict=True)
    return [ids[mask].tolist() for ids, mask in pairs]


@pytest.fixture
def ending(loaded: tuple[nn.Module, Any]) -> Iterator[int]:
    """A token that greedy completions reach soon, made the end of sequence."""
    tokenizer = loaded[1]
    seen = [naive(loaded, prompt, 12, 0, -1)[0] for prompt in PROMPTS]
    common = max({t for row in seen for t in row}, key=lambda t: (len({row.index(t) for row in seen if t in row}), t))
    before, tokenizer.eos_token = tokenizer.eos_token, tokenizer.convert_ids_to_tokens(common)
    yield common
    tokenizer.eos_token = before


@pytest.mark.parametrize("minimum", [0, 2])
@pytest.mark.parametrize("max_rows", [64, 2, 1])
def test_greedy_is_the_naive_loop(loaded: Any, ending: int, minimum: int, max_rows: int) -> None:
    """Ragged prompts; completions that end leave the batch early, and several batches are joined."""
    expected = [naive(loaded, prompt, 12, minimum, ending) for prompt in PROMPTS]
    assert minimum or len({len(ids) for ids, _ in expected}) >= 2, "the fixture should give unlike lengths"
    samples = engine(loaded, max_rows).sample(PROMPTS, Sampling(1, 12, minimum, greedy=True), draw())
    assert rows(samples) == [ids for ids, _ in expected]
    assert samples.truncated.tolist() == [cut for _, cut in expected]
    assert samples.group_ids.tolist() == [0, 1, 2, 3, 4]


def test_padding(loaded: Any, ending: int) -> None:
    samples = engine(loaded).sample(PROMPTS, Sampling(2, 12, greedy=True), draw())
    pad, tokenizer = loaded[1].pad_token_id, loaded[1]
    for i, (ids, mask) in enumerate(zip(samples.prompt_ids, samples.prompt_mask, strict=True)):
        real = tokenizer(PROMPTS[i // 2])["input_ids"]
        assert ids.tolist() == [pad] * (10 - len(real)) + real
        assert mask.tolist() == [False] * (10 - len(real)) + [True] * len(real)
    assert (samples.completion_ids[~samples.response_mask] == pad).all()
    lengths = samples.response_mask.sum(1)
    assert samples.response_mask.shape[1] == int(lengths.max())
    assert (samples.response_mask.long().diff(dim=1) <= 0).all()  # no holes


def test_only_the_last_token_is_the_end(loaded: Any, ending: int) -> None:
    samples = engine(loaded).sample(PROMPTS, Sampling(8, 12), draw())
    for ids, truncated in zip(rows(samples), samples.truncated.tolist(), strict=True):
        assert ending not in ids[:-1]
        assert truncated == (ids[-1] != ending)
        assert not truncated or len(ids) == 12
    assert 0 < int(samples.truncated.sum()) < 40, "the fixture should give both kinds"


def test_decoded_text_has_no_end_and_no_padding(loaded: Any, ending: int) -> None:
    samples = engine(loaded).sample(PROMPTS, Sampling(2, 12), draw())
    vocabulary = loaded[1].convert_ids_to_tokens
    expected = ["".join(vocabulary([t for t in ids if t != ending])) for ids in rows(samples)]
    assert decode_completions(loaded[1], samples) == expected


def test_the_same_seed_gives_the_same_completions(loaded: Any) -> None:
    one, two, other = (
        engine(loaded).sample(PROMPTS, Sampling(4, 6), draw(seed)).completion_ids.tolist() for seed in (1, 1, 2)
    )
    assert one == two
    assert one != other


def test_min_tokens_equal_to_max_tokens_fixes_the_length(loaded: Any, ending: int) -> None:
    samples = engine(loaded).sample(PROMPTS, Sampling(4, 7, 7), draw())
    assert samples.response_mask.tolist() == [[True] * 7] * 20
    assert (samples.completion_ids != ending).all()
    assert samples.truncated.all()


@pytest.mark.parametrize("max_rows", [64, 7, 2])
def test_groups_stand_together_in_the_order_of_the_prompts(loaded: Any, max_rows: int) -> None:
    samples = engine(loaded, max_rows).sample(PROMPTS, Sampling(3, 2), draw())
    assert samples.group_ids.tolist() == [i for i in range(5) for _ in range(3)]
    asked = [
        "".join(loaded[1].convert_ids_to_tokens(p[m]))
        for p, m in zip(samples.prompt_ids, samples.prompt_mask, strict=True)
    ]
    assert asked == [prompt for prompt in PROMPTS for _ in range(3)]


@pytest.mark.parametrize("prompt", ["x" * 17, ""])
def test_a_prompt_that_does_not_fit_is_named(loaded: Any, prompt: str) -> None:
    with pytest.raises(PromptError, match=rf"{prompt}' has {len(prompt)} tokens, allowed are 1 to 16"):
        engine(loaded).sample(["a", prompt], Sampling(1, 2), draw())


def test_sampling_stops_when_all_are_done(loaded: Any, ending: int) -> None:
    """One pass reads the prompt, each further one a token: as many as the longest completion has."""
    calls: list[int] = []
    handle = loaded[0].register_forward_hook(lambda module, inputs, output: calls.append(len(output.logits)))
    samples = engine(loaded).sample(PROMPTS, Sampling(1, 12, greedy=True), draw())
    finished = [p for p, cut in zip(PROMPTS, samples.truncated.tolist(), strict=True) if not cut]
    calls.clear()
    samples = engine(loaded).sample(finished, Sampling(1, 12, greedy=True), draw())
    handle.remove()
    assert len(calls) == int(samples.response_mask.sum(1).max()) < 12
    assert calls == sorted(calls, reverse=True)


def test_the_mode_of_the_model_is_kept(loaded: Any) -> None:
    loaded[0].train()
    engine(loaded).sample(["a"], Sampling(1, 1), draw())
    assert loaded[0].training
    loaded[0].eval()
