"""How many models each algorithm keeps: counted at one reward source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.claims.finding import Finding
from tests.reports.judge import judge
from tests.reports.synthetic import CELLS

PPO_FOUR, PPO, GRPO = CELLS


def test_models_are_judged_at_one_reward_source(found: dict[str, Finding]) -> None:
    finding = found["models.count"]
    assert finding.conclusion == "refuted"
    assert "PPO, four models: 4" in finding.effect
    assert "keeps 3 models and GRPO 2" in finding.sentence


def test_without_a_matched_pair_nothing_is_decided(tmp_path: Path) -> None:
    assert judge(tmp_path, PPO_FOUR, GRPO)["models.count"].conclusion == "inconclusive"


def test_one_algorithm_alone_says_nothing(tmp_path: Path) -> None:
    twin = replace(PPO, name="twin")
    assert judge(tmp_path, PPO, twin)["models.count"].conclusion == "not tested"
