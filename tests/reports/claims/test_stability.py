"""Findings on collapse and spread: what three seeds can say, and that more of them flip the finding."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.claims.finding import Finding
from tests.reports.decimals import close
from tests.reports.judge import judge, judge_claim
from tests.reports.synthetic import CELLS, LEARNING

_, PPO, GRPO = CELLS


def test_three_seeds_without_a_collapse_decide_nothing(found: dict[str, Finding]) -> None:
    assert found["stability.collapse"].conclusion == "inconclusive"
    assert "63.2 %" in found["stability.collapse"].note
    assert found["stability.spread"].conclusion == "inconclusive"


def test_twelve_seeds_that_all_collapse_decide(tmp_path: Path) -> None:
    part = replace(LEARNING, seeds=tuple(range(12)))
    broken = replace(PPO, more=lambda seed, step, done: {"rollout/truncated_fraction": 0.9} if step else {})
    found = judge(tmp_path, broken, GRPO, parts=[part])["stability.collapse"]
    assert found.conclusion == "supported"
    assert "PPO 12 of 12, GRPO 0 of 12" in found.effect


def test_spread_is_the_ratio_of_variances(tmp_path: Path) -> None:
    wide = replace(PPO, final=lambda s: 0.7 + 0.1 * s)
    found = judge_claim(tmp_path / "a", "stability.spread", wide, GRPO)[0]
    close(found.estimate.value, 100.0, places=6)  # standard deviations .1 and .01
    flat = replace(PPO, final=lambda s: 0.7)
    assert "no ratio" in judge_claim(tmp_path / "b", "stability.spread", flat, GRPO)[0].effect
