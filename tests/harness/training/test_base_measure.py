"""What a base model can do: which completions are asked for, and the counts of those that are right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
import torch

from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.records import SampledCounts
from rlvr_bench.harness.rollout.types import Samples, SamplingParams
from rlvr_bench.harness.training import base_measure
from rlvr_bench.harness.training.base_measure import measure_base, settings_of
from rlvr_bench.harness.training.evaluate import VerifierFailed
from tests.harness.small_runs import config

MEASURE = {"base_items": 5, "base_samples": 3, "base_pass_items": 2, "base_pass_samples": 4}


class Fixed:
    """Greedily always b, right for the even items 0, 2, 4; of samples the first is a, right for odd ones, others b."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.asked: list[tuple[int, SamplingParams, int]] = []

    def generate(self, prompts: Sequence[Any], params: SamplingParams, seed: int) -> Samples:
        self.asked.append((len(prompts), params, seed))
        texts = ["b" if params.greedy or i else "a" for _ in prompts for i in range(params.group_size)]
        rows = [[*self.tokenizer(text)["input_ids"], self.tokenizer.eos_token_id] for text in texts]
        return Samples(
            prompt_ids=torch.zeros(len(rows), 1),
            prompt_mask=torch.ones(len(rows), 1, dtype=torch.bool),
            completion_ids=torch.tensor(rows),
            response_mask=torch.ones(len(rows), 2, dtype=torch.bool),
            truncated=torch.zeros(len(rows), dtype=torch.bool),
            group_ids=torch.arange(len(rows)) // params.group_size,
        )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, SamplingParams, int]]:
    """What a sampler is asked for that says the same whatever the model is."""
    seen: list[tuple[int, SamplingParams, int]] = []

    def engine(settings: RunConfig, lm: Any, tokenizer: Any) -> Fixed:
        fixed = Fixed(tokenizer)
        fixed.asked = seen
        return fixed

    monkeypatch.setattr(base_measure, "rollout_engine", engine)
    return seen


def test_the_counts_by_hand(asked: list[Any]) -> None:
    found = measure_base(config(measure=MEASURE), ["x", "y"])
    assert (found.cells, found.split, found.items) == (("x", "y"), "test", 5)
    assert found.greedy == (1, 0, 1, 0, 1) and found.greedy_accuracy == pytest.approx(3 / 5)
    # of three samples a, b, b the two are right for even items, the one for odd ones: 2 + 1 + 2 + 1 + 2 of 15
    at_one = SampledCounts(1.0, 3, (2, 1, 2, 1, 2), {"1": pytest.approx(8 / 15)})
    assert found.temperatures == tuple(replace(at_one, temperature=t) for t in (0.25, 0.5, 0.75, 1.0, 1.25))
    # of four samples 3 are right for item 0, 1 for item 1; pairs without a right one: none of 6, 3 of 6
    expected = {"1": pytest.approx(4 / 8), "2": pytest.approx((1 + 0.5) / 2), "4": 1.0}
    assert found.many == SampledCounts(1.0, 4, (3, 1), expected)


@pytest.mark.usefixtures("empty_cache")
def test_the_ceiling_is_of_the_model_that_learned_from_right_demonstrations_only() -> None:
    warm = {"steps": 30, "batch": 8, "noise": 0.5, "habit": 0.0, "lr": 2e-2}
    found = measure_base(config(measure=MEASURE | {"base_items": 40, "base_ceiling": True}, warm_start=warm), [])
    assert found.ceiling is not None and len(found.ceiling) == 40
    assert found.ceiling_accuracy == sum(n or 0 for n in found.ceiling) / 40
    right = measure_base(config(measure=MEASURE | {"base_items": 40}, warm_start=warm | {"noise": 0.0}), [])
    assert right.greedy == found.ceiling
    assert (right.ceiling, right.ceiling_accuracy) == (None, None)


def test_what_is_sampled(asked: list[Any]) -> None:
    measure_base(config(measure=MEASURE, rollout={"min_tokens": 1, "temperature": 0.3}), [])
    (greedy, *warm, many), seeds = [one[:2] for one in asked], [one[2] for one in asked]
    assert greedy == (5, SamplingParams(1, 3, 1, 1.0, greedy=True))
    assert warm == [(5, SamplingParams(3, 3, 1, t)) for t in (0.25, 0.5, 0.75, 1.0, 1.25)]
    assert many == (2, SamplingParams(4, 3, 1, 1.0))
    assert len(set(seeds[1:])) == 6


def test_a_real_model_is_measured_alike_twice_and_its_numbers_are_those_of_the_counts() -> None:
    settings = config(measure=MEASURE | {"base_items": 40, "base_pass_items": 30})
    one, two = (measure_base(settings, ["a"]) for _ in range(2))
    assert replace(one, seconds=0.0) == replace(two, seconds=0.0)
    for sampled in (*one.temperatures, one.many):
        right = [n for n in sampled.right if n is not None]
        for k, value in sampled.pass_at.items():
            tries = [[True] * n + [False] * (sampled.samples - n) for n in right]
            sets = [any(chosen) for flags in tries for chosen in combinations(flags, int(k))]
            assert value == pytest.approx(sum(sets) / len(sets))
    assert 0 < one.many.pass_at["1"] < one.many.pass_at["4"]


def test_items_without_a_verdict_are_left_out_up_to_the_limit(asked: list[Any]) -> None:
    measure = MEASURE | {"base_pass_samples": 2}
    found = measure_base(config(measure=measure, task={"missing_every": 5}, reward={"max_masked": 0.5}), [])
    assert found.greedy == (None, 0, 1, 0, 1) and found.greedy_accuracy == 2 / 4
    # completions 0, 5 and 10 of 15, and 0 of 4
    assert found.temperatures[0].right == (None, None, 2, None, 2)
    assert found.many.right == (None, 1)
    with pytest.raises(VerifierFailed, match="measuring the base model: 20%"):
        measure_base(config(measure=MEASURE, task={"missing_every": 5}), [])


@pytest.mark.parametrize(
    "same", [{"algorithm": {"name": "ppo"}}, {"seed": 7}, {"train": {"lr": 0.5}}, {"rollout": {"temperature": 0.5}}]
)
def test_what_it_does_not_depend_on(same: dict[str, Any]) -> None:
    assert settings_of(config(measure=MEASURE), {}) == settings_of(config(measure=MEASURE, **same), {})


@pytest.mark.parametrize(
    "other",
    [
        {"rollout": {"max_tokens": 2}},
        {"model": {"name": "tiny:32x1"}},
        {"warm_start": {"steps": 1}},
        {"warm_start": {"seed": 1}},
        {"task": {"distinct": 3}},
        {"measure": MEASURE | {"base_samples": 2}},
    ],
    ids=str,
)
def test_what_it_depends_on(other: dict[str, Any]) -> None:
    assert settings_of(config(measure=MEASURE), {}) != settings_of(config(**({"measure": MEASURE} | other)), {})
