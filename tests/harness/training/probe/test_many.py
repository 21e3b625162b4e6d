"""A policy asked many times: the temperature is chosen on other items than those it is scored on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.models.tiny import character_tokenizer
from rlvr_bench.harness.records import ManySamples, read_many
from rlvr_bench.harness.rollout.types import Samples, SamplingParams
from rlvr_bench.harness.training.evaluate import VerifierFailed
from rlvr_bench.harness.training.grader import Grader
from rlvr_bench.harness.training.probe.many import measure_many, powers_of_two
from tests.harness.small_runs import config, run

MEASURE = {"many_items": 3, "many_samples": 4, "many_temperatures": [0.5, 1.0, 2.0], "many_choice_samples": 2}


class Warm:
    """At temperature 1 the first completion is a and the others b, so that every item is solved; else all are b."""

    def __init__(self) -> None:
        self.tokenizer = character_tokenizer()
        self.asked: list[tuple[int, SamplingParams, int]] = []

    def generate(self, prompts: Sequence[Any], params: SamplingParams, seed: int) -> Samples:
        self.asked.append((len(prompts), params, seed))
        first = "a" if params.temperature == 1 else "b"
        texts = ["b" if i else first for _ in prompts for i in range(params.group_size)]
        rows = [[*self.tokenizer(text)["input_ids"], self.tokenizer.eos_token_id] for text in texts]
        return Samples(
            prompt_ids=torch.zeros(len(rows), 1),
            prompt_mask=torch.ones(len(rows), 1, dtype=torch.bool),
            completion_ids=torch.tensor(rows),
            response_mask=torch.ones(len(rows), 2, dtype=torch.bool),
            truncated=torch.zeros(len(rows), dtype=torch.bool),
            group_ids=torch.arange(len(rows)) // params.group_size,
        )

    def sync(self, weights: Any) -> None: ...

    def close(self) -> None: ...


def ask(sampler: Warm, **sections: Any) -> ManySamples:
    settings = config(**({"measure": MEASURE} | sections))
    task = build(plugins.TASKS, settings.task)
    with Grader(task, settings.reward) as grader:
        return measure_many(settings, task, grader, sampler.tokenizer, sampler, step=2, seed=7)


def test_the_counts_by_hand() -> None:
    found = ask(Warm())
    assert found.step == 2
    # items 0 and 2 ask for an even code, which b has, item 1 for an odd one, which a has
    assert [(one.temperature, one.samples, one.right) for one in found.choice] == [
        (0.5, 2, (2, 0, 2)), (1.0, 2, (1, 1, 1)), (2.0, 2, (2, 0, 2))
    ]  # fmt: skip
    assert [one.pass_at for one in found.choice] == [{"2": pytest.approx(p)} for p in (2 / 3, 1.0, 2 / 3)]
    assert (found.test.temperature, found.test.samples, found.test.right) == (1.0, 4, (3, 1, 3))
    # without a right one: of item 0 no pair; of item 1 three of four single ones and three of six pairs
    assert found.test.pass_at == {"1": pytest.approx(7 / 12), "2": pytest.approx(2.5 / 3), "4": 1.0}
    # blocks of two are a b and b b: of items 0 and 2 the first is a tie, worth a half; of item 1 likewise, and then 0
    assert found.test.maj_at == {"1": pytest.approx(7 / 12), "2": pytest.approx(7 / 12), "4": pytest.approx(2 / 3)}


def test_what_is_sampled() -> None:
    sampler = Warm()
    ask(sampler, rollout={"min_tokens": 1, "temperature": 0.3})
    assert [one[:2] for one in sampler.asked] == [
        *((3, SamplingParams(2, 3, 1, t)) for t in (0.5, 1.0, 2.0)),
        (3, SamplingParams(4, 3, 1, 1.0)),
    ]
    assert len({seed for _, _, seed in sampler.asked}) == 4


def test_of_equals_the_first_is_taken_and_one_alone_needs_no_choice() -> None:
    equal = ask(Warm(), measure=MEASURE | {"many_temperatures": [2.0, 0.5]})
    assert equal.test.temperature == 2.0
    sampler = Warm()
    alone = ask(sampler, measure=MEASURE | {"many_temperatures": [0.5]})
    assert (alone.choice, alone.test.temperature, len(sampler.asked)) == ((), 0.5, 1)


def test_too_many_missing_verdicts_are_refused() -> None:
    with pytest.raises(VerifierFailed, match="many samples at step 2: 33%"):
        ask(Warm(), task={"missing_every": 5})


def test_a_run_ends_with_it_and_trains_as_without(tmp_path: Path) -> None:
    asked, plain = run(config(measure=MEASURE), tmp_path / "asked"), run(config(), tmp_path / "plain")
    (found,) = read_many(tmp_path / "asked" / "many.jsonl.gz")
    assert (found.step, len(found.choice), len(found.test.right)) == (2, 3, 3)
    assert not (tmp_path / "plain" / "many.jsonl.gz").exists()
    weights = [dict(one.models.by_role["actor"].lm.named_parameters()) for one in (asked, plain)]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_powers_of_two() -> None:
    assert powers_of_two(64) == [1, 2, 4, 8, 16, 32, 64]
    assert powers_of_two(5) == [1, 2, 4]
    assert powers_of_two(1) == [1]
