"""Each algorithm learns the smallest task; with the rewards dealt out at random none does."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from rlvr_bench.harness.training.grader import Grader
from tests.harness.small_runs import config, metrics, run


def learned(algorithm: str, folder: Path) -> list[float]:
    """Share of right answers in each step; a step has 64 completions."""
    settings = config(
        algorithm={"name": algorithm, "kl_coef": 0.0},
        rollout={"prompts": 8, "group_size": 8, "max_tokens": 1, "min_tokens": 1},
        train={"steps": 40, "lr": 1e-2, "critic_lr": 1e-2, "epochs": 2},
    )
    run(settings, folder)
    return [row["rollout/true_reward_mean"] for row in metrics(folder)]


@pytest.mark.parametrize("algorithm", ["ppo", "grpo"])
def test_it_learns(algorithm: str, tmp_path: Path) -> None:
    curve = learned(algorithm, tmp_path)
    assert 0.3 < curve[0] < 0.7
    assert fmean(curve[-5:]) >= 0.9


@pytest.mark.parametrize("algorithm", ["ppo", "grpo"])
def test_it_learns_nothing_from_shuffled_rewards(
    algorithm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shuffle = random.Random(0)
    judge = Grader.__call__

    def shuffled(self: Grader, completions: Any, targets: Any) -> Any:
        judged = judge(self, completions, targets)
        return replace(judged, rewards=shuffle.sample(list(judged.rewards), len(judged.rewards)))

    monkeypatch.setattr(Grader, "__call__", shuffled)
    assert fmean(learned(algorithm, tmp_path)[-5:]) < 0.7
