"""Exact values: by hand, and against continuations that a policy samples."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from rlvr_bench.algorithms.types import BatchCounts, Rollout
from rlvr_bench.harness.config.load import ConfigError, from_dict
from rlvr_bench.harness.tasks.types import Item
from rlvr_bench.harness.training.values.exact import exact_values

END = 9
RIGHT = {"a": [1, 2, 3], "b": [4, 5]}


class Writes:
    """A task whose demonstrations are the lists above, and a tokenizer that gives them."""

    eos_token_id = END

    def demonstration(self, item: Item, *, noise: float, habit: float, seed: int) -> str:
        assert (noise, habit) == (0, 0)
        return item.id

    def __call__(self, text: str, *, add_special_tokens: bool) -> dict[str, list[int]]:
        return {"input_ids": RIGHT[text]}


def rollout_of(completions: list[list[int]], groups: list[int], max_tokens: int) -> Rollout:
    width = max(map(len, completions))
    ids = torch.tensor([[*c, *[0] * (width - len(c))] for c in completions])
    mask = torch.tensor([[True] * len(c) + [False] * (width - len(c)) for c in completions])
    rows = len(completions)
    return Rollout(
        prompt_ids=torch.tensor(groups).unsqueeze(1), prompt_mask=torch.ones(rows, 1, dtype=torch.bool),
        completion_ids=ids, response_mask=mask, truncated=torch.zeros(rows, dtype=torch.bool),
        group_ids=torch.tensor(groups), rewards=torch.zeros(rows), counts=BatchCounts.of(mask, max_tokens),
    )  # fmt: skip


def halves(read: Rollout) -> torch.Tensor:
    """A policy that writes each next token of any right completion with probability one half."""
    return torch.full(read.completion_ids.shape, 0.5).log()


ITEMS = [Item("a", "?", ""), Item("b", "?", "")]


def values(rollout: Rollout, score: Any = halves) -> torch.Tensor:
    return exact_values(rollout, ITEMS, Writes(), Writes(), score)


def test_by_hand() -> None:
    """The right way is worth one half for each token that is left; off it nothing is worth anything."""
    rollout = rollout_of([[1, 2, 3, END], [1, 7, 3, END], [4, 5, 5, END, 1], [4, 5, END]], [3, 3, 8, 8], max_tokens=6)
    expected = [
        [1 / 16, 1 / 8, 1 / 4, 1 / 2, 0],
        [1 / 16, 1 / 8, 0, 0, 0],
        [1 / 8, 1 / 4, 1 / 2, 0, 0],
        [1 / 8, 1 / 4, 1 / 2, 0, 0],
    ]
    assert torch.allclose(values(rollout), torch.tensor(expected))


def test_each_prompt_is_read_once() -> None:
    seen: list[Rollout] = []

    def score(read: Rollout) -> torch.Tensor:
        seen.append(read)
        return halves(read)

    values(rollout_of([[1], [1, 2], [4, 5, END]], [0, 0, 1], max_tokens=6), score)
    (read,) = seen
    assert read.prompt_ids.tolist() == [[0], [1]] and read.group_ids.tolist() == [0, 1]
    assert read.completion_ids.tolist() == [[1, 2, 3, END], [4, 5, END, 0]]
    assert read.response_mask.sum(1).tolist() == [4, 3]


def test_shorter_completions_than_the_right_one() -> None:
    rollout = rollout_of([[1, 2], [4]], [0, 1], max_tokens=6)
    assert torch.allclose(values(rollout), torch.tensor([[1 / 16, 1 / 8], [1 / 8, 0]]))


def test_nobody_writes_what_is_longer_than_the_run_allows() -> None:
    rollout = rollout_of([[1, 2, 3], [4, 5, END]], [0, 1], max_tokens=3)
    assert torch.allclose(values(rollout), torch.tensor([[0, 0, 0], [1 / 8, 1 / 4, 1 / 2]]))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"task": {"name": "gsm8k"}}, "the task gsm8k has none"),
        ({"reward": {"false_positive_rate": 0.1}}, "rates of false verdicts"),
        ({"reward": {"components": {"correct": 1.0, "format": 0.1}}}, "reward.components"),
        ({"reward": {"source": "learned"}}, "reward.source"),
    ],
)
def test_refused_where_it_is_not_exact(settings: dict[str, Any], named: str) -> None:
    base: dict[str, Any] = {
        "task": {"name": "chain"}, "model": {"name": "tiny:16x1"},
        "algorithm": {"name": "ppo-oracle"}, "train": {"steps": 1},
    }  # fmt: skip
    from_dict(base)
    with pytest.raises(ConfigError, match=named):
        from_dict(base | settings)


def test_the_policy_s_own_continuations_agree(trained: Any) -> None:
    """Monte Carlo from the prompt: the share of samples that are the right completion, and the exact value."""
    rollout, items, task, tokenizer, score, shares = trained
    exact = exact_values(rollout, items, task, tokenizer, score)[:, 0]
    error = (shares * (1 - shares) / len(rollout.rewards) * len(items)).sqrt()
    assert ((exact[:: len(rollout.rewards) // len(items)] - shares).abs() < 4 * error + 0.01).all()


@pytest.fixture
def trained() -> Any:
    from rlvr_bench.harness.config import plugins
    from rlvr_bench.harness.config.load import build
    from rlvr_bench.harness.models.roles import Policy
    from rlvr_bench.harness.models.scoring import score_rollout
    from rlvr_bench.harness.rollout import rollout_engine
    from rlvr_bench.harness.rollout.text import encode_prompts
    from rlvr_bench.harness.rollout.types import SamplingParams, as_rollout
    from rlvr_bench.harness.tasks.prompts import first_items
    from rlvr_bench.harness.training.warm_start import base_model, demonstrated

    count = 512
    config = from_dict(
        {
            "task": {"name": "sort", "min_digits": 2, "max_digits": 2}, "model": {"name": "tiny:16x1"},
            "algorithm": {"name": "ppo-oracle"}, "warm_start": {"steps": 300, "batch": 32, "lr": 1e-2, "noise": 0.0},
            "rollout": {"prompts": 3, "group_size": 2, "max_tokens": 24}, "train": {"steps": 1},
        }
    )  # fmt: skip
    task: Any = build(plugins.TASKS, config.task)
    model, tokenizer, _ = base_model(config, task)
    items = first_items(task, "test", 3)
    prompts = encode_prompts(tokenizer, [item.prompt for item in items], config)
    samples = rollout_engine(config, model, tokenizer).generate(prompts, SamplingParams(count, 24, 0, 1.0), 0)
    rollout = as_rollout(samples, max_tokens=24)
    policy = Policy(model)
    found = [
        tuple(row[: int(n)])
        for row, n in zip(rollout.completion_ids.tolist(), rollout.response_mask.sum(1), strict=True)
    ]
    right = [tuple(demonstrated(tokenizer, task, item)) for item in items]
    shares = torch.tensor([found[i * count : (i + 1) * count].count(one) / count for i, one in enumerate(right)])
    assert shares.max() > 0.02, "the model writes some right completions"

    def score(read: Rollout) -> torch.Tensor:
        return score_rollout(lambda part: policy(part, temperature=1.0)[0], read, 4096)

    return rollout, items, task, tokenizer, score, shares
