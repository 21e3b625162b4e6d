"""Two processes that share the prompts train as one does: the same samples, counts, gradients and weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr_bench.algorithms.grpo import GRPO
from rlvr_bench.algorithms.ppo import PPO
from rlvr_bench.algorithms.types import BatchCounts, Rollout
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.records import MetricsRow
from tests.harness.engines.two_processes import Exchange, Trained, side_by_side, train
from tests.harness.small_runs import config, weights
from tests.tolerance import assert_close

STEPS = 3
ALGORITHMS = {
    "ppo, KL in the reward": ({"name": "ppo", "kl_coef": 0.1}, {"epochs": 2, "minibatches": 2}),
    "ppo, KL in the loss": ({"name": "ppo", "kl_placement": "loss", "kl_estimator": "k3"}, {}),
    "grpo": ({"name": "grpo"}, {}),
    "rewards shaped by the counts": ({"name": "shaped", "scale": "none"}, {}),
    "grpo, two minibatches": ({"name": "grpo", "scale": "batch_std"}, {"minibatches": 2}),
}


def settings(name: str, **sections: Any) -> RunConfig:
    algorithm, steps = ALGORITHMS[name]
    training = {"steps": STEPS, "lr": 1e-4, "critic_lr": 1e-4, **steps, **sections.pop("train", {})}
    return config(algorithm=algorithm, train=training, **sections)


def assert_two_are_one(single: Trained, pair: list[Trained]) -> None:
    for role in single.trainer.learner.engines:
        expected = weights(single.trainer, role)
        for trained in pair:
            for name, weight in weights(trained.trainer, role).items():
                assert_close(expected[name], weight, as_float32=True)
    for row, *both in zip(single.rows, *(trained.rows for trained in pair), strict=True):
        expected = of_all(row)
        assert {"train/grad_norm", "rollout/length_mean", "cost/flops"} < expected.keys()
        for found in map(of_all, both):
            assert found.keys() == expected.keys()
            assert_close([*expected.values()], torch.tensor([found[name] for name in expected]), as_float32=True)


def of_all(row: MetricsRow) -> dict[str, float]:
    """Metrics of both processes, which each of them has."""
    shared = ("train/", "rollout/", "cost/flops", "cost/tokens", "cost/samples")
    own = ("cost/tokens_per_second",)
    return {
        name: value for name, value in row.items() if name.startswith(shared) and name not in own and value is not None
    }


@pytest.mark.parametrize("masked", [0, 4], ids=["", "missing verdicts"])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_two_processes_equal_one(name: str, masked: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """8 completions each: the verifier fails for every fourth, which are the same whether 8 or 16 are asked for."""
    s = settings(name, task={"missing_every": masked}, reward={"max_masked": 0.5})
    (single,) = train(s, tmp_path, STEPS, monkeypatch, size=1)
    assert_two_are_one(single, train(s, tmp_path, STEPS, monkeypatch, size=2))


@pytest.mark.parametrize("how", [{"train": {"micro_tokens": 20}}, {"reward": {"source": "random"}}], ids=str)
def test_whatever_the_parts_and_the_reward(
    how: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = settings("grpo, two minibatches", **how)
    (single,) = train(s, tmp_path, STEPS, monkeypatch, size=1)
    assert_two_are_one(single, train(s, tmp_path, STEPS, monkeypatch, size=2))


@pytest.mark.parametrize(("name", "algorithm"), [("ppo, KL in the reward", PPO), ("grpo, two minibatches", GRPO)])
def test_each_prepares_the_whole_rollout_and_counts_all_of_it(
    name: str, algorithm: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[dict[int, Rollout]] = []
    losses: dict[int, list[Rollout]] = {}

    def watch(rank: int, trainer: Any) -> None:
        inner, seen = trainer.algorithm, {}
        prepared.append(seen)
        prepare, loss = inner.prepare, inner.policy_loss
        monkeypatch.setattr(inner, "prepare", lambda rollout: seen.setdefault(0, rollout) and prepare(rollout))
        monkeypatch.setattr(
            inner, "policy_loss", lambda batch, *rest: losses.setdefault(rank, []).append(batch) or loss(batch, *rest)
        )

    s = settings(name)
    train(s, tmp_path, 1, monkeypatch, size=2, seen=watch)
    one, other = (seen[0] for seen in prepared)
    assert one.group_ids.tolist() == other.group_ids.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    assert torch.equal(one.completion_ids, other.completion_ids)
    for rank, batches in losses.items():
        assert len(batches) == s.train.epochs * s.train.minibatches
        for mine, theirs in zip(batches, losses[1 - rank], strict=True):
            assert mine.counts == theirs.counts
            assert (mine.counts.sequences, mine.counts.max_tokens) == (8, 3)  # two groups of four, over both
            each = [set(batch.group_ids.tolist()) for batch in (mine, theirs)]
            assert [len(groups) for groups in each] == [1, 1] and each[0] != each[1]  # each minibatch is dealt evenly


def test_each_is_told_the_sizes_of_what_has_a_verdict_in_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 8 completions each, the first and the fifth have none."""
    seen: list[list[Rollout]] = []

    def watch(_: int, trainer: Any) -> None:
        inner, own = trainer.algorithm, []
        seen.append(own)
        prepare = inner.prepare
        monkeypatch.setattr(inner, "prepare", lambda rollout: own.append(rollout) or prepare(rollout))

    s = settings("grpo", task={"missing_every": 4}, reward={"max_masked": 0.5})
    train(s, tmp_path, 1, monkeypatch, size=2, seen=watch)
    for (rollout,) in seen:
        lengths = rollout.response_mask.sum(1).tolist()
        assert len(lengths) == 12
        assert rollout.counts == BatchCounts(12, sum(lengths), 3)


def test_an_error_in_one_ends_both() -> None:
    exchange = Exchange()

    def fails() -> None:
        raise LookupError("one")

    with pytest.raises(LookupError, match="one"):
        side_by_side([fails, lambda: exchange(1, None) and None], exchange.barrier)
