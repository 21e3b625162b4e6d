"""Findings on the time of a step: the cost model, and that they flip when the seconds do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.claims.step_time import cost_units
from tests.reports.judge import judge
from tests.reports.synthetic import CELLS, SYSTEMS

PPO_FOUR, PPO, GRPO = CELLS


def test_cost_model_numbers() -> None:
    four, three, two = (
        {"actor", "critic", "reference", "reward"},
        {"actor", "critic", "reference"},
        {"actor", "reference"},
    )
    assert [cost_units(frozenset(r), 1, scores_actor=True) for r in (four, three, two, {"actor"})] == [22, 20, 12, 10]
    assert cost_units(frozenset(two), 2, scores_actor=True) == 18
    assert cost_units(frozenset(two), 1, scores_actor=False) == 10


@pytest.mark.parametrize(
    ("name", "settings", "minibatches", "scores"),
    [
        ("grpo", {"kl_coef": 0.04}, 1, False),
        ("grpo", {"kl_coef": 0.04}, 2, True),
        ("ppo", {"kl_coef": 0.05, "kl_placement": "reward"}, 1, True),
        ("ppo", {"kl_coef": 0.05, "kl_placement": "loss"}, 1, False),
        ("ppo", {"kl_coef": 0.0, "kl_placement": "reward"}, 1, False),
        ("somebody-elses", {}, 1, True),
    ],
)
def test_who_scores_the_actor(name: str, settings: dict[str, Any], minibatches: int, scores: bool) -> None:
    config = {"algorithm": {"name": name, **settings}, "train": {"epochs": 1, "minibatches": minibatches}}
    assert matching.scores_actor(SimpleNamespace(config=config)) is scores


@pytest.mark.parametrize(("seconds", "conclusion"), [(1.67, "supported"), (3.0, "refuted")])
def test_time_flips(tmp_path: Path, seconds: float, conclusion: str) -> None:
    changed = replace(PPO, seconds=lambda s: seconds * (1 + 0.002 * s))
    found = judge(tmp_path, PPO_FOUR, changed, GRPO, parts=[SYSTEMS])["time.step.matched"]
    assert found.conclusion == conclusion
    assert "takes 1.67 times" in found.claim  # 20 / 12
