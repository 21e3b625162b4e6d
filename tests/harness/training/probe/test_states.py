"""States and what comes of them: where they are, how they are continued, and what their rewards say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from rlvr_bench.harness.models.tiny import character_tokenizer
from rlvr_bench.harness.rollout.types import Samples, SamplingParams, TokenIds
from rlvr_bench.harness.tasks.types import Item
from rlvr_bench.harness.training.grader import Grades
from rlvr_bench.harness.training.probe.states import Earned, go_on, positions
from tests.harness.small_runs import config
from tests.tolerance import assert_close


def test_positions_are_spread_from_the_first() -> None:
    assert positions(10, 5) == [0, 2, 4, 6, 8]
    assert positions(131, 4) == [0, 32, 65, 98]
    assert positions(3, 5) == [0, 1, 2]
    assert positions(1, 5) == [0]


def test_the_mean_has_its_own_error() -> None:
    # 1 0 0 1: variance 4 / 4 / 3 = 1/3, of the mean 1/12
    found = Earned.of([1.0, 0.0, 0.0, 1.0])
    assert (found.mean, found.count) == (0.5, 4)
    assert_close((1 / 12) ** 0.5, torch.tensor(found.standard_error, dtype=torch.float64))
    assert Earned.of([1.0, 1.0, 1.0]).standard_error == 0
    with pytest.raises(ValueError, match="two rewards at least, got 1"):
        Earned.of([1.0])


class Writes:
    """Goes on from any beginning with a letter of the place of the continuation, and ends."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer, self.asked = tokenizer, list[tuple[list[str], SamplingParams, int]]()

    def generate(self, prompts: Sequence[TokenIds], params: SamplingParams, seed: int) -> Samples:
        self.asked.append(([self.tokenizer.decode(p) for p in prompts], params, seed))
        n = len(prompts) * params.group_size
        letters = [self.tokenizer.convert_tokens_to_ids("abcd"[i % params.group_size]) for i in range(n)]
        ids = torch.tensor([[letter, self.tokenizer.eos_token_id] for letter in letters])
        some = torch.zeros(n, 1, dtype=torch.long)
        return Samples(some, some.bool(), ids, torch.ones(n, 2).bool(), torch.zeros(n).bool(), some[:, 0])

    def sync(self, weights: Any) -> None: ...

    def close(self) -> None: ...


class Judges:
    """Notes what it is asked; a text that ends in `a` is right, one in `d` has no verdict."""

    def __init__(self) -> None:
        self.asked = list[tuple[str, Any]]()

    def __call__(self, completions: Sequence[str], targets: Sequence[Any]) -> Grades:
        self.asked += zip(completions, targets, strict=True)
        rewards = [{"a": 1.0, "d": None}.get(text[-1], 0.0) for text in completions]
        return Grades({}, rewards)


def test_a_state_is_continued_from_its_own_tokens_within_the_same_limit() -> None:
    tokenizer, grader = character_tokenizer(), Judges()
    sampler = Writes(tokenizer)
    c = config(rollout={"max_tokens": 9, "min_tokens": 1}, measure={"critic_continuations": 4})
    ids = tokenizer(["xyz", "uvw"], return_tensors="pt")["input_ids"]
    whole = Samples(ids, ids > 0, ids, ids > 0, torch.zeros(2).bool(), torch.arange(2))
    items = [Item("one", "1:", "first"), Item("two", "2:", "second")]
    states = [(0, 0), (0, 2), (1, 2)]
    found = go_on(states, whole, items, sampler, tokenizer, grader, c, 7)  # type: ignore[arg-type]
    assert [prompts for prompts, _, _ in sampler.asked] == [["1:"], ["1:xy", "2:uv"]]
    assert [(p.group_size, p.max_tokens, p.min_tokens) for _, p, _ in sampler.asked] == [(4, 9, 1), (4, 7, 0)]
    assert len({seed for _, _, seed in sampler.asked}) == 2
    assert grader.asked[:4] == [(letter, "first") for letter in "abcd"]
    assert grader.asked[-4:] == [(f"uv{letter}", "second") for letter in "abcd"]
    # of 1 0 0 and no verdict
    assert {state: (e.mean, e.count) for state, e in found.items()} == dict.fromkeys(states, (1 / 3, 3))
