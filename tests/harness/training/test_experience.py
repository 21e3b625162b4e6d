"""What the policy is rewarded for, and that the records keep the truth beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr_bench.algorithms.grpo import GRPO
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import read_metrics
from rlvr_bench.harness.training.grader import Grader
from rlvr_bench.harness.training.step_metrics import proxy_metrics
from rlvr_bench.rewards.types import Verdict
from tests.harness.small_runs import ParityVerifier, config, metrics, run

BIG = {"rollout": {"prompts": 32, "group_size": 8, "max_tokens": 1}, "train": {"steps": 2}}


def test_a_random_reward_is_a_fair_coin_that_the_seed_decides(tmp_path: Path) -> None:
    rows = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(config(**BIG, seed=seed, reward={"source": "random"}), tmp_path / name)
        rows[name] = metrics(tmp_path / name)
    first = rows["a"][-1]
    assert rows["a"] == rows["b"] != rows["c"]
    # 256 coins: the standard error of the share is .031
    assert first["rollout/reward_mean"] == pytest.approx(0.5, abs=0.13)
    assert first["rollout/reward_std"] == pytest.approx(0.5, abs=0.05)
    assert first["rollout/reward_mean"] != first["rollout/true_reward_mean"]


def test_coins_do_not_depend_on_the_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With some verdicts missing, the others keep their coins."""
    seen: list[torch.Tensor] = []
    prepare = GRPO.prepare
    monkeypatch.setattr(GRPO, "prepare", lambda self, rollout: seen.append(rollout.rewards) or prepare(self, rollout))
    for missing in (0, 20):
        settings = config(**BIG | {"train": {"steps": 1}}, task={"missing_every": missing}, reward={"source": "random"})
        run(settings, tmp_path / f"{missing}")
    every, some = seen
    kept = torch.tensor([i for i in range(len(every)) if i % 20 != 0])
    assert torch.equal(every[kept], some)


@pytest.mark.parametrize(("positive", "negative"), [(0.0, 1.0), (1.0, 0.0), (0.3, 0.1)])
def test_a_noisy_verifier_changes_the_reward_and_not_the_record(
    positive: float, negative: float, tmp_path: Path
) -> None:
    rates = {"false_positive_rate": positive, "false_negative_rate": negative}
    run(config(**BIG, reward=rates), tmp_path / "noisy")
    run(config(**BIG), tmp_path / "exact")
    noisy, exact = (metrics(tmp_path / name)[0] for name in ("noisy", "exact"))
    assert noisy["rollout/true_reward_mean"] == exact["rollout/true_reward_mean"] == exact["rollout/reward_mean"]
    assert noisy["rollout/component/correct"] == exact["rollout/component/correct"]
    truth = exact["rollout/true_reward_mean"]
    wanted = truth * (1 - negative) + (1 - truth) * positive
    # The draw is one a distinct completion and prompt, here one character behind one of many prompts.
    assert noisy["rollout/reward_mean"] == pytest.approx(wanted, abs=0.1 if 0 < positive < 1 else 1e-6)


@pytest.mark.parametrize("reward", [{"source": "random"}, {"source": "learned"}, {"components": {"format": 1.0}}])
def test_noise_that_nobody_would_see_is_refused(reward: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"reward\.false_positive_rate"):
        config(reward={**reward, "false_positive_rate": 0.1})


def test_the_gap_and_the_pair_accuracy_by_hand() -> None:
    proxy = torch.tensor([1.0, 0.0, 2.0, -1.0, 3.0])
    right = torch.tensor([True, False, False, True, True])
    groups = torch.tensor([0, 0, 0, 1, 1])
    row = proxy_metrics(proxy, right, groups, base_pass_rate=0.2)
    assert row["rollout/proxy_reward_mean"] == 1.0
    assert row["rollout/proxy_true_gap"] == pytest.approx(1.0 - (0.6 - 0.2) / math.sqrt(0.16), abs=1e-6)
    assert row["rollout/proxy_pair_accuracy"] == 0.5  # group 0: 1 > 0 and 1 < 2; group 1 has no wrong one
    all_right = proxy_metrics(proxy, torch.ones(5, dtype=torch.bool), groups, base_pass_rate=0.2)
    assert all_right["rollout/proxy_pair_accuracy"] is None
    assert [
        proxy_metrics(proxy, right, groups, base_pass_rate=p)["rollout/proxy_true_gap"] for p in (None, 0.0, 1.0)
    ] == [None, None, None]


def test_a_run_on_a_learned_reward_records_the_gap_at_every_step(tmp_path: Path) -> None:
    trainer = run(config(reward={"source": "learned"}, train={"steps": 3}), tmp_path)
    p = trainer.reward_facts["base_pass_rate"]
    for row in metrics(tmp_path):
        true = (row["rollout/true_reward_mean"] - p) / math.sqrt(p * (1 - p))
        assert row["rollout/proxy_true_gap"] == pytest.approx(row["rollout/proxy_reward_mean"] - true, abs=1e-5)
        assert "rollout/proxy_pair_accuracy" in row


class Slow(ParityVerifier):
    """Lets everybody wait, and had to ask again for some."""

    retries = 0
    tier = "landlock"

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        import time

        time.sleep(0.3)
        self.retries += 2
        return super().verify(completions, targets)


def test_waiting_and_retries_are_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.harness.small_runs.ParityVerifier", Slow)
    run(config(), tmp_path)
    for row in read_metrics(tmp_path / "metrics.jsonl"):
        assert row["rollout/verdict_retries"] == 2
        assert 0.1 < row["cost/verdict_wait"] <= row["cost/seconds/reward"]
        assert row["cost/verdict_wait_share"] == pytest.approx(row["cost/verdict_wait"] / row["cost/seconds"])


def test_a_quick_verifier_keeps_nobody_waiting(tmp_path: Path) -> None:
    run(config(), tmp_path)
    last = read_metrics(tmp_path / "metrics.jsonl")[-1]
    assert last["cost/verdict_wait_share"] < 0.5
    assert last["rollout/verdict_retries"] == 0


def test_the_judge_tells_where_code_is_run() -> None:
    task_config = config()

    class Task:
        def verifiers(self) -> dict[str, Any]:
            return {"correct": Slow(0)}

    judge = Grader(Task(), task_config.reward)  # type: ignore[arg-type]
    assert (judge.sandbox, judge.retries) == ("landlock", 0)
