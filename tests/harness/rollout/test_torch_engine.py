"""Sampling, against a loop without a cache that reads each prompt alone and without padding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from rlvr_bench.harness.config.schema import ModelConfig
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.models.ends import end_ids
from rlvr_bench.harness.models.roles import Policy
from rlvr_bench.harness.rollout import rollout_engine, torch_engine
from rlvr_bench.harness.rollout.reading import Reader, TransformersReader, reader
from rlvr_bench.harness.rollout.text import decode_completions
from rlvr_bench.harness.rollout.torch_engine import TorchRollout
from rlvr_bench.harness.rollout.types import Samples, SamplingParams, as_rollout
from tests.harness.models.decoders import CONFIGS, causal_lm
from tests.harness.ragged import naive
from tests.harness.small_runs import CPU, config
from tests.tolerance import assert_close

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
    **how: Any,
) -> Samples:
    lm, tokenizer = loaded
    engine = TorchRollout(lm, pad=tokenizer.pad_token_id, ends=[tokenizer.eos_token_id], max_rows=max_rows, **how)
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


@pytest.mark.parametrize("minimum", [0, 3])
def test_each_end_that_the_generation_config_lists_ends_a_completion(loaded: Any, minimum: int) -> None:
    """Two tokens that greedy completions reach, neither of them the tokenizer's: cut behind the first of either."""
    lm, tokenizer = loaded
    endless = [naive(loaded, prompt, 12, 0, -1)[0] for prompt in PROMPTS]
    one, two = endless[0][3], endless[1][4]
    known = lm.generation_config.eos_token_id
    lm.generation_config.eos_token_id = [one, two]
    try:
        ends = end_ids(lm, tokenizer)
        assert ends == tuple(sorted({one, two, tokenizer.eos_token_id}))
        engine = rollout_engine(config(model={"name": "tiny:16x1"}), lm, tokenizer)
        prompts = [tokenizer(prompt)["input_ids"] for prompt in PROMPTS]
        samples = engine.generate(prompts, SamplingParams(1, 12, minimum, greedy=True), 0)
    finally:
        lm.generation_config.eos_token_id = known
    expected = [naive(loaded, prompt, 12, minimum, ends) for prompt in PROMPTS]
    assert rows(samples) == [ids for ids, _ in expected]
    assert samples.truncated.tolist() == [cut for _, cut in expected]
    assert minimum or {ids[-1] for ids, cut in expected if not cut} == {one, two}, "each should end one"
    going_on = [sum(len(ids) > t for ids, _ in expected) for t in range(1, 12)]
    assert samples.tokens_read <= 2 * sum(going_on), "whoever has ended leaves"
    texts = ["".join(tokenizer.convert_ids_to_tokens(ids if cut else ids[:-1])) for ids, cut in expected]
    assert decode_completions(tokenizer, samples) == texts


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


class Counting:
    """A reader that remembers how many tokens it was given at once."""

    def __init__(self, inner: Reader, counts: list[int]) -> None:
        self.prompts, self.take, self.inner, self.counts = inner.prompts, inner.take, inner, counts

    def token(self, tokens: torch.Tensor) -> torch.Tensor:
        self.counts.append(len(tokens))
        return self.inner.token(tokens)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Tokens of each pass after the prompts."""
    found: list[int] = []
    monkeypatch.setattr(torch_engine, "reader", lambda lm: Counting(reader(lm), found))
    return found


def test_sampling_stops_when_all_are_done(loaded: Any, ending: int, counts: list[int]) -> None:
    """One pass reads the prompt, each further one a token: as many as the longest completion has."""
    samples = generate(loaded, SamplingParams(1, 12, greedy=True))
    finished = [p for p, cut in zip(PROMPTS, samples.truncated.tolist(), strict=True) if not cut]
    counts.clear()
    samples = generate(loaded, SamplingParams(1, 12, greedy=True), prompts=finished)
    assert 1 + len(counts) == int(samples.response_mask.sum(1).max()) < 12
    assert counts == sorted(counts, reverse=True)


def equal(one: Samples, other: Samples) -> bool:
    """In every token, mask and place."""
    names = ("prompt_ids", "prompt_mask", "completion_ids", "response_mask", "truncated", "group_ids")
    return all(torch.equal(getattr(one, name), getattr(other, name)) for name in names)


@pytest.mark.parametrize("minimum", [0, 3])
@pytest.mark.parametrize("temperature", [1.0, 0.6, 0.06], ids=["1", "0.6", "peaked"])
def test_sharing_changes_no_sample(loaded: Any, ending: int, temperature: float, minimum: int) -> None:
    params = SamplingParams(8, 12, minimum, temperature)
    shared, each = (generate(loaded, params, share=share, with_logprobs=True) for share in (True, False))
    assert equal(shared, each)
    assert len({len(ids) for ids in rows(shared)}) > 1, "lengths should differ"
    assert shared.logprobs is not None and each.logprobs is not None
    assert_close(each.logprobs, shared.logprobs)
    assert shared.tokens_read < each.tokens_read
    if temperature == 0.06:
        assert len({(g, *ids) for g, ids in zip(shared.group_ids.tolist(), rows(shared), strict=True)}) < 30
        assert shared.tokens_read < 0.7 * each.tokens_read


@pytest.mark.parametrize("name", CONFIGS)
def test_sharing_changes_no_sample_of_any_architecture(name: str) -> None:
    lm = causal_lm(CONFIGS[name], torch.float32)
    prompts, params = [[1, 2, 3], [4], [5, 6]], SamplingParams(6, 9, temperature=0.5)
    found = [
        TorchRollout(lm, pad=0, ends=[7], max_rows=64, share=s).generate(prompts, params, 1) for s in (True, False)
    ]
    assert equal(*found)
    assert found[0].tokens_read < found[1].tokens_read


def test_each_beginning_is_read_once(loaded: Any) -> None:
    """Nothing ends: in every pass there are as many tokens as different beginnings, and without sharing all rows."""
    samples = generate(loaded, SamplingParams(8, 10, 10, 0.4))
    ids = [(group, tuple(row)) for group, row in zip(samples.group_ids.tolist(), rows(samples), strict=True)]
    beginnings = [len({(group, row[:t]) for group, row in ids}) for t in range(1, 10)]
    assert beginnings[0] < 40 > beginnings[-1], "some should stay together to the end"
    assert samples.tokens_read == sum(beginnings)
    assert generate(loaded, SamplingParams(8, 10, 10, 0.4), share=False).tokens_read == 9 * 40


@pytest.mark.parametrize("max_rows", [64, 9])
def test_what_is_told_is_each_beginning_that_goes_on(
    loaded: Any, ending: int, counts: list[int], max_rows: int
) -> None:
    """All tokens but the last are read, of a beginning that siblings have in common once with sharing.

    At most twice as many states go through the model, those that nobody is in any more among them.
    """
    for share in (True, False):
        counts.clear()
        samples = generate(loaded, SamplingParams(8, 12), share=share, max_rows=max_rows)
        ids = [(group, *row) for group, row in zip(samples.group_ids.tolist(), rows(samples), strict=True)]
        goes_on = [[row[: t + 1] for row in ids if len(row) > t + 1] for t in range(1, 12)]
        told = sum(len(set(part)) if share else len(part) for part in goes_on)
        assert samples.tokens_read == told <= sum(counts) <= 2 * told
        assert told < sum(len(row) - 2 for row in ids) if share else told == sum(len(row) - 2 for row in ids)


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("minimum", [0, 4])
def test_kept_logprobs_are_those_of_scoring(
    loaded: Any, ending: int, share: bool, temperature: float, minimum: int
) -> None:
    """Also where ends were not allowed: the distribution that is scored is without them, too."""
    samples = generate(loaded, SamplingParams(8, 12, minimum, temperature), share=share, with_logprobs=True)
    policy = Policy(loaded[0], ends=[ending], min_tokens=minimum)
    scored, _ = policy(as_rollout(samples, max_tokens=12), temperature=temperature)
    assert samples.logprobs is not None
    assert_close(scored, samples.logprobs)
    assert generate(loaded, SamplingParams(1, 2)).logprobs is None


@pytest.mark.parametrize("share", [True, False])
def test_transformers_samples_the_same(loaded: Any, ending: int, share: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    params = SamplingParams(8, 12, 0, 0.6)
    lean = generate(loaded, params, share=share, with_logprobs=True)
    monkeypatch.setattr(torch_engine, "reader", TransformersReader)
    by_transformers = generate(loaded, params, share=share, with_logprobs=True)
    assert equal(lean, by_transformers)
    assert lean.tokens_read == by_transformers.tokens_read
    assert by_transformers.logprobs is not None
    assert_close(by_transformers.logprobs, torch.as_tensor(lean.logprobs))


@pytest.mark.parametrize("share", [True, False])
@pytest.mark.parametrize(("every", "minimum"), [(8, 0), (3, 0), (3, 5), (50, 0)])
def test_looking_seldom_for_ends_changes_no_sample(
    loaded: Any, ending: int, every: int, minimum: int, share: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, where a look makes the processor wait."""
    params = SamplingParams(8, 12, minimum, 0.8)
    always = generate(loaded, params, share=share, with_logprobs=True)
    monkeypatch.setattr(torch_engine, "_is_time_to_look", lambda device, since: since >= every)
    seldom = generate(loaded, params, share=share, with_logprobs=True)
    assert equal(always, seldom)
    assert seldom.logprobs is not None
    assert_close(seldom.logprobs, torch.as_tensor(always.logprobs))
    assert seldom.tokens_read >= always.tokens_read


def test_a_look_is_free_on_the_processor_only() -> None:
    gpu = torch.device("cuda")
    assert [torch_engine._is_time_to_look(CPU, since) for since in (0, 1)] == [True, True]
    assert [since for since in range(20) if not torch_engine._is_time_to_look(gpu, since)] == list(range(8))


@pytest.mark.parametrize("max_rows", [64, 16, 8, 3])
@pytest.mark.parametrize("share", [True, False])
def test_batches_change_no_sample(loaded: Any, ending: int, share: bool, max_rows: int) -> None:
    params = SamplingParams(8, 12, 0, 0.8)
    assert equal(generate(loaded, params, max_rows=10**6), generate(loaded, params, share=share, max_rows=max_rows))


@pytest.mark.parametrize(("first", "last"), [(0, 2), (2, 5), (4, 5)])
def test_a_share_of_the_prompts_gets_what_it_would_get_among_all(
    loaded: Any, ending: int, first: int, last: int
) -> None:
    params = SamplingParams(4, 12, 0, 0.8)
    whole = generate(loaded, params)
    part = generate(loaded, replace(params, first=first), prompts=PROMPTS[first:last])
    assert rows(part) == rows(whole)[4 * first : 4 * last]
    assert part.group_ids.tolist() == whole.group_ids.tolist()[4 * first : 4 * last]


def test_a_completion_does_not_depend_on_its_neighbors(loaded: Any, ending: int) -> None:
    params = SamplingParams(4, 12)
    expected = rows(generate(loaded, params))[8:12]
    others = ["z" * 9, "other", PROMPTS[2], "q", "!"]
    assert rows(generate(loaded, params, prompts=others))[8:12] == expected


def test_siblings_differ(loaded: Any) -> None:
    samples = generate(loaded, SamplingParams(8, 8, 8))
    for group in range(5):
        assert len({tuple(row) for row in samples.completion_ids[samples.group_ids == group].tolist()}) == 8


def test_products_in_bfloat16_only_where_it_is_asked_for(loaded: Any) -> None:
    exact, rough = (
        generate(loaded, SamplingParams(1, 1, greedy=True), precision=precision, with_logprobs=True)
        for precision in ("off", "bfloat16")
    )
    assert exact.logprobs is not None and rough.logprobs is not None
    assert 0 < float((exact.logprobs - rough.logprobs).abs().max()) < 0.1


def test_the_mode_of_the_model_is_kept(loaded: Any) -> None:
    loaded[0].train()
    generate(loaded, SamplingParams(1, 1), prompts=["a"])
    assert loaded[0].training
    loaded[0].eval()
