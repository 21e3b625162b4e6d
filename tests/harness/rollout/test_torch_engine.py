"""Sampling, against a loop without a cache that reads each prompt alone and without padding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

from rlvr_bench.harness.config.schema import ModelConfig
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.rollout.text import decode_completions
from rlvr_bench.harness.rollout.torch_engine import TorchRollout
from rlvr_bench.harness.rollout.types import Samples, SamplingParams
from tests.harness.ragged import naive

PROMPTS = ["a", "bcd", "efghijk", "lm", "nopqrstuvw"]


@pytest.fixture(scope="module")
def loaded() -> tuple[nn.Module, Any]:
    """A random model whose greedy completions end at many different places."""
    model, tokenizer = load_base(ModelConfig("tiny:16x1"), seed=0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # at its initial scale it repeats one token
    return model.eval(), tokenizer


def generate(
    loaded: tuple[nn.Module, Any],
    params: SamplingParams,
    *,
    prompts: list[str] = PROMPTS,
    max_rows: int = 64,
    seed: int = 0,
) -> Samples:
    lm, tokenizer = loaded
    engine = TorchRollout(lm, pad=tokenizer.pad_token_id, eos=tokenizer.eos_token_id, max_rows=max_rows)
    return engine.generate([tokenizer(prompt)["input_ids"] for prompt in prompts], params, seed)


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
    samples = generate(loaded, SamplingParams(1, 12, minimum, greedy=True), max_rows=max_rows)
    assert rows(samples) == [ids for ids, _ in expected]
    assert samples.truncated.tolist() == [cut for _, cut in expected]
    assert samples.group_ids.tolist() == [0, 1, 2, 3, 4]


def test_padding(loaded: Any, ending: int) -> None:
    samples = generate(loaded, SamplingParams(2, 12, greedy=True))
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
    samples = generate(loaded, SamplingParams(8, 12))
    for ids, truncated in zip(rows(samples), samples.truncated.tolist(), strict=True):
        assert ending not in ids[:-1]
        assert truncated == (ids[-1] != ending)
        assert not truncated or len(ids) == 12
    assert 0 < int(samples.truncated.sum()) < 40, "the fixture should give both kinds"


def test_decoded_text_has_no_end_and_no_padding(loaded: Any, ending: int) -> None:
    samples = generate(loaded, SamplingParams(2, 12))
    vocabulary = loaded[1].convert_ids_to_tokens
    expected = ["".join(vocabulary([t for t in ids if t != ending])) for ids in rows(samples)]
    assert decode_completions(loaded[1], samples) == expected


def test_the_same_seed_gives_the_same_completions(loaded: Any) -> None:
    one, two, other = (generate(loaded, SamplingParams(4, 6), seed=seed).completion_ids.tolist() for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_min_tokens_equal_to_max_tokens_fixes_the_length(loaded: Any, ending: int) -> None:
    samples = generate(loaded, SamplingParams(4, 7, 7))
    assert samples.response_mask.tolist() == [[True] * 7] * 20
    assert (samples.completion_ids != ending).all()
    assert samples.truncated.all()


@pytest.mark.parametrize("max_rows", [64, 7, 2])
def test_groups_stand_together_in_the_order_of_the_prompts(loaded: Any, max_rows: int) -> None:
    samples = generate(loaded, SamplingParams(3, 2), max_rows=max_rows)
    assert samples.group_ids.tolist() == [i for i in range(5) for _ in range(3)]
    asked = [
        "".join(loaded[1].convert_ids_to_tokens(p[m]))
        for p, m in zip(samples.prompt_ids, samples.prompt_mask, strict=True)
    ]
    assert asked == [prompt for prompt in PROMPTS for _ in range(3)]


def test_sampling_stops_when_all_are_done(loaded: Any, ending: int) -> None:
    """One pass reads the prompt, each further one a token: as many as the longest completion has."""
    calls: list[int] = []
    handle = loaded[0].register_forward_hook(lambda module, inputs, output: calls.append(len(output.logits)))
    samples = generate(loaded, SamplingParams(1, 12, greedy=True))
    finished = [p for p, cut in zip(PROMPTS, samples.truncated.tolist(), strict=True) if not cut]
    calls.clear()
    samples = generate(loaded, SamplingParams(1, 12, greedy=True), prompts=finished)
    handle.remove()
    assert len(calls) == int(samples.response_mask.sum(1).max()) < 12
    assert calls == sorted(calls, reverse=True)


def test_the_mode_of_the_model_is_kept(loaded: Any) -> None:
    loaded[0].train()
    generate(loaded, SamplingParams(1, 1), prompts=["a"])
    assert loaded[0].training
    loaded[0].eval()
