"""How many models each algorithm keeps: counted at one reward source, and never called a test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.claims.finding import Finding
from tests.reports.judge import judge
from tests.reports.synthetic import CELLS

PPO_FOUR, PPO, GRPO = CELLS


def test_models_are_counted_at_one_reward_source(found: dict[str, Finding]) -> None:
    finding = found["models.count"]
    assert finding.conclusion == "arithmetic"
    assert finding.p is None
    assert "PPO, four models: 4" in finding.effect
    assert "keeps 3 models and GRPO 2" in finding.sentence


def test_without_a_matched_pair_the_counts_stand_alone(tmp_path: Path) -> None:
    found = judge(tmp_path, PPO_FOUR, GRPO)["models.count"]
    assert found.conclusion == "arithmetic"
    assert "cannot be separated" in found.note


def test_one_algorithm_alone_says_nothing(tmp_path: Path) -> None:
    twin = replace(PPO, name="twin")
    assert judge(tmp_path, PPO, twin)["models.count"].conclusion == "not tested"
