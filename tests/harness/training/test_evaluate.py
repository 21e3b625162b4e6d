"""Held-out accuracy, by a sampler whose completions are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.models.base import load_base
from rlvr_bench.harness.records import EvaluationCounts
from rlvr_bench.harness.rollout.types import Samples, SamplingParams
from rlvr_bench.harness.training.evaluate import Evaluation, VerifierFailed, evaluate, pass_at, refuse_masked
from rlvr_bench.harness.training.grader import Grader
from tests.harness.small_runs import Parity, ParityConfig, config

# A completion is right where its first character's code is as even as the item: b, d are even; a, c are odd.
SAMPLED = [["b", "b", "d", "a"], ["b", "d", "a", "a"], ["a", "c", "c", ""], ["c", "b", "b", "b"]]
GREEDY = ["b", "a", "a", "a"]
SETTINGS = {"evaluate": {"every": 1, "items": 4, "samples": 4, "k": [2, 4]}, "rollout": {"temperature": 0.7}}


class Recorded:
    """Gives the completions above and remembers what it was asked for."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.asked: list[tuple[list[list[int]], SamplingParams, int]] = []

    def generate(self, prompts: Sequence[Any], params: SamplingParams, seed: int) -> Samples:
        self.asked.append(([list(p) for p in prompts], params, seed))
        texts = GREEDY if params.greedy else [text for item in SAMPLED for text in item]
        eos, pad = self.tokenizer.eos_token_id, self.tokenizer.pad_token_id
        rows = [[*(self.tokenizer(text)["input_ids"] if text else []), eos] for text in texts[: self.count(params)]]
        cut = [i % 4 == 3 and len(row) == 2 for i, row in enumerate(rows)]  # they have no end
        rows = [row[:1] if c else row for row, c in zip(rows, cut, strict=True)]
        return Samples(
            prompt_ids=torch.zeros(len(rows), 1),
            prompt_mask=torch.ones(len(rows), 1, dtype=torch.bool),
            completion_ids=torch.tensor([row + [pad] * (2 - len(row)) for row in rows]),
            response_mask=torch.tensor([[True, len(row) == 2] for row in rows]),
            truncated=torch.tensor(cut),
            group_ids=torch.arange(len(rows)) // params.group_size,
        )

    def count(self, params: SamplingParams) -> int:
        return len(self.asked[-1][0]) * params.group_size

    def sync(self, weights: Any) -> None: ...
    def close(self) -> None: ...


def found(settings: RunConfig, missing: int = 0, step: int = 3) -> tuple[Evaluation, list[Any], Recorded]:
    tokenizer = load_base(settings.model, seed=0)[1]
    task = Parity(ParityConfig(missing_every=missing))
    sampler = Recorded(tokenizer)
    with Grader(task, settings.reward) as grader:  # type: ignore[arg-type]
        one = evaluate(sampler, tokenizer, task, grader, settings, step=step)  # type: ignore[arg-type]
    return one, one.rows, sampler


def test_all_metrics_by_hand() -> None:
    """Items 0 and 2 are even.  Right of four: 3, 2, 0 and 1; the greedy ones: all but the third."""
    one, rows, _ = found(config(**SETTINGS))
    assert one.metrics == {
        "eval/items": 4.0,
        "eval/masked_fraction": 0.0,
        "eval/greedy": 3 / 4,
        "eval/length_mean": (12 * 2 + 4) / 16,
        "eval/length_correct_mean": pytest.approx(11 / 6),  # five of two tokens and one of one
        "eval/length_wrong_mean": pytest.approx(17 / 10),
        "eval/truncated_fraction": 3 / 16,
        "eval/pass@1": pytest.approx((3 + 2 + 0 + 1) / 16),
        # 1 less the pairs of wrong ones among six: none, 1, all, 3.
        "eval/pass@2": pytest.approx((1 + 5 / 6 + 0 + 3 / 6) / 4),
        "eval/pass@4": pytest.approx(3 / 4),
        # Votes of two and two: 1 and a tie of a right and a wrong one, 0 and 1, 0 and 0, a tie and 0.
        "eval/maj@2": pytest.approx((1.5 + 1 + 0 + 0.5) / 8),
        # b wins, a wins (twice against once each), c is wrong, b is wrong.
        "eval/maj@4": pytest.approx(2 / 4),
    }
    assert [row["completion"] for row in rows] == [text for item in SAMPLED for text in item]
    assert {row["step"] for row in rows} == {3}
    assert [row["item"] for row in rows] == [f"parity/test/{i}" for i in range(4) for _ in range(4)]
    assert one.counts == EvaluationCounts(3, "test", 4, 0.7, right=(3, 2, 0, 1), greedy=(1, 1, 0, 1), first=0)


def test_what_is_sampled() -> None:
    """The first items of the test split, once at the rollout's temperature and once the likeliest token."""
    (sampled, greedy), tokenizer = found(config(**SETTINGS))[2].asked, load_base(config().model, seed=0)[1]
    prompts = [tokenizer(text)["input_ids"] for text in ("even 0:", "odd 1:", "even 2:", "odd 3:")]
    assert sampled[0] == greedy[0] == prompts
    assert sampled[1] == SamplingParams(4, 3, 0, 0.7)
    assert (greedy[1].greedy, greedy[1].group_size) == (True, 1)


def test_the_seed_is_the_runs_and_the_steps_and_not_the_algorithms() -> None:
    def seed(step: int, **sections: Any) -> int:
        return found(config(**SETTINGS, **sections), step=step)[2].asked[0][2]

    assert seed(3) == seed(3, algorithm={"name": "ppo"})
    assert len({seed(3), seed(4), seed(3, seed=2)}) == 3


def test_items_with_a_missing_verdict_are_left_out_and_counted() -> None:
    """Every seventh verdict: completions 0, 7 and 14 of three items, so only the third is whole; greedy one: 0."""
    settings = config(**SETTINGS, reward={"max_masked": 0.3})
    one, rows, _ = found(settings, missing=7)
    metrics = one.metrics
    assert one.counts.right == (None, None, 0, None) and one.counts.greedy == (None, 1, 0, 1)
    assert metrics["eval/masked_fraction"] == pytest.approx(4 / 20)
    assert metrics["eval/pass@1"] == metrics["eval/pass@4"] == metrics["eval/maj@4"] == 0.0
    assert metrics["eval/greedy"] == pytest.approx(2 / 3)
    assert [i for i, row in enumerate(rows) if row["reward"] is None] == [0, 7, 14]


def test_no_item_with_all_of_its_verdicts_stops_it() -> None:
    assert pass_at((2, None), 4, [1]) == {1: 0.5}
    with pytest.raises(VerifierFailed, match="no item has all of its verdicts"):
        pass_at((None, None), 4, [1])


@pytest.mark.parametrize(("step", "items"), [(0, 4), (1, 2), (2, 4)])
def test_more_items_before_and_after_training(step: int, items: int) -> None:
    settings = config(**{**SETTINGS, "evaluate": {**SETTINGS["evaluate"], "items": 2, "final_items": 4}})
    one, rows, _ = found(settings, step=step)  # of two steps
    assert one.metrics["eval/items"] == items == len(one.counts.right) == len(one.counts.greedy)
    assert [row["item"] for row in rows[::4]] == [f"parity/test/{i}" for i in range(items)]


def test_the_split_is_a_setting() -> None:
    settings = config(**{**SETTINGS, "evaluate": {**SETTINGS["evaluate"], "split": "validation"}})
    one, rows, _ = found(settings)
    assert one.counts.split == "validation"
    assert {row["item"].split("/")[1] for row in rows} == {"validation"}


def test_too_many_missing_stop_it() -> None:
    with pytest.raises(VerifierFailed, match="evaluation at step 3: 20% of the verdicts are missing"):
        found(config(**SETTINGS), missing=7)


@pytest.mark.parametrize(("share", "limit", "refused"), [(0.1, 0.1, False), (0.11, 0.1, True), (1.0, 1.0, True)])
def test_the_limit(share: float, limit: float, refused: bool) -> None:
    if refused:
        with pytest.raises(VerifierFailed, match=f"here: {share:.0%}"):
            refuse_masked(share, limit, "here")
    else:
        refuse_masked(share, limit, "here")
