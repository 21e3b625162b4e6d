"""A rollout that serves one optimiser step takes its log-probabilities from the update: the same step, a pass less."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr_bench.algorithms.grpo import GRPO
from rlvr_bench.algorithms.types import Needs
from tests.harness.small_runs import config, metrics, run, weights
from tests.tolerance import assert_close

IN_LOSS = {"name": "ppo", "kl_placement": "loss"}


@pytest.mark.parametrize(
    ("algorithm", "train", "expected"),
    [
        ({"name": "grpo"}, {}, True),
        ({"name": "grpo"}, {"minibatches": 2}, False),
        ({"name": "grpo"}, {"epochs": 2}, False),
        ({"name": "ppo"}, {}, False),  # its reward holds a KL
        (IN_LOSS, {}, True),
        ({"name": "ppo", "kl_coef": 0.0}, {}, True),
    ],
)
def test_when_the_scoring_pass_is_saved(
    algorithm: dict[str, Any], train: dict[str, Any], expected: bool, tmp_path: Path
) -> None:
    trainer = run(config(algorithm=algorithm, train={"steps": 1, **train}), tmp_path)
    assert trainer.learner.on_policy is expected


def test_the_step_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = config(algorithm={"name": "grpo"}, train={"steps": 2})
    saved = run(settings, tmp_path / "saved")
    assert saved.learner.on_policy
    monkeypatch.setattr(GRPO, "needs", Needs(min_group_size=2))
    scored = run(settings, tmp_path / "scored")
    assert not scored.learner.on_policy
    for name, weight in weights(saved).items():
        assert_close(weight, weights(scored)[name], as_float32=True)
    kl = [[row["train/kl_to_reference"] for row in metrics(tmp_path / name)] for name in ("saved", "scored")]
    assert_close(kl[0], torch.tensor(kl[1]), as_float32=True)
