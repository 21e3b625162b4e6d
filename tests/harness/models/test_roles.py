"""What a run holds and what it writes down, by algorithm and source of the reward."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.metrics import find_metric
from rlvr_bench.harness.records import read_metrics
from tests.harness.small_runs import config, run

PPO = {"name": "ppo"}


@pytest.mark.parametrize("settings", [{}, {"algorithm": PPO, "reward": {"source": "both"}}], ids=["grpo", "ppo"])
def test_every_recorded_name_is_in_the_table(settings: dict[str, Any], tmp_path: Path) -> None:
    run(config(**settings, evaluate={"every": 1}, train={"steps": 1, "checkpoint_every": 1}), tmp_path)
    rows = read_metrics(tmp_path / "metrics.jsonl")
    assert [row["step"] for row in rows] == [0, 1]
    assert [name for row in rows for name in row if name != "step" and find_metric(name) is None] == []


@pytest.mark.parametrize(
    ("algorithm", "source", "roles", "bytes_a_parameter"),
    [
        (PPO, "learned", {"actor", "critic", "reference", "reward"}, 40),
        (PPO, "verifier", {"actor", "critic", "reference"}, 36),
        ({"name": "ppo", "kl_coef": 0.0}, "verifier", {"actor", "critic"}, 32),
        ({"name": "grpo"}, "verifier", {"actor", "reference"}, 20),
        ({"name": "grpo", "kl_coef": 0.0}, "verifier", {"actor"}, 16),
    ],
)
def test_models_held_and_their_bytes(
    algorithm: dict[str, Any], source: str, roles: set[str], bytes_a_parameter: int, tmp_path: Path
) -> None:
    """fp32: weight, gradient and two moments are 16 bytes where trained, the weight alone 4 where frozen."""
    settings = config(algorithm=algorithm, reward={"source": source}, train={"steps": 1}, model={"name": "tiny:32x2"})
    states = run(settings, tmp_path).learner.states()
    assert set(states) == roles
    total = sum(s.total for s in states.values()) / states["actor"].parameters
    assert total == pytest.approx(bytes_a_parameter, rel=0.02)
