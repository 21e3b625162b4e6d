"""Findings on learned rewards: known numbers, and that they flip when the numbers do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.claims.finding import Finding
from tests.reports.decimals import close
from tests.reports.hacking import ends_at, spec
from tests.reports.judge import judge, judge_claim
from tests.reports.synthetic import CELLS, Spec

PPO_FOUR, PPO, GRPO = CELLS


def test_learned_reward(found: dict[str, Finding], tmp_path: Path) -> None:
    assert found["reward.cost"].conclusion == "supported"
    assert found["reward.hacked"].conclusion == "refuted"  # the true reward rises along
    hacked = replace(PPO_FOUR, final=lambda s: 0.1 + 0.001 * s)
    assert judge(tmp_path, hacked, PPO, GRPO)["reward.hacked"].conclusion == "supported"


def test_labels(tmp_path: Path) -> None:
    many = [ends_at(spec("many", a), lambda s: 0.8 + 0.01 * (s - 1)) for a in ("ppo", "grpo")]
    few = [ends_at(spec("few", a), lambda s: 0.5) for a in ("ppo", "grpo")]
    found = judge_claim(tmp_path / "a", "reward.labels", *many, *few)
    assert [f.conclusion for f in found] == ["supported", "supported"]
    # differences .29 .30 .31: sd .01, half width .0248414
    close([found[0].estimate.value, found[0].estimate.low], [0.3, 0.2751586], places=6)
    assert "8000 less 100 pairs" in found[0].effect
    assert found[0].note == ""
    longer = replace(few[0], reward={"label_pairs": 100, "epochs": 20})
    assert "differ in: epochs" in judge_claim(tmp_path / "d", "reward.labels", many[0], longer)[0].note
    swapped = [ends_at(c, lambda s: 0.4) for c in many]
    assert {f.conclusion for f in judge_claim(tmp_path / "b", "reward.labels", *swapped, *few)} == {"refuted"}
    assert [f.conclusion for f in judge_claim(tmp_path / "c", "reward.labels", many[0], few[1])] == ["not tested"]


def gaps(cell: Spec, gap: Callable[[int], float]) -> Spec:
    return replace(cell, more=lambda seed, step, done: {"rollout/proxy_true_gap": gap(seed)} if step else {})


@pytest.mark.parametrize(
    ("gap", "conclusion"),
    [
        (lambda s: 1.05 + 0.01 * s, "supported"),
        (lambda s: 1.5 + 0.01 * s, "refuted"),
        (lambda s: 0.5 + 0.01 * s, "refuted"),
        (lambda s: 1.2 + 0.1 * s, "inconclusive"),
    ],
)
def test_algorithms_over_optimize_equally(tmp_path: Path, gap: Callable[[int], float], conclusion: str) -> None:
    ppo, grpo = gaps(spec("few", "ppo"), lambda s: 1.0), gaps(spec("few", "grpo"), gap)
    found = judge_claim(tmp_path, "reward.algorithm", ppo, grpo)
    assert [f.conclusion for f in found] == [conclusion]
    close(found[0].estimate.value, gap(1) - 1.0)
    assert "not at equal distance" in found[0].note


def test_equal_on_the_floor_is_said_to_be(tmp_path: Path) -> None:
    for name, true, said in (("a", 0.01, True), ("b", 0.3, False)):
        row = {"rollout/proxy_true_gap": 2.0, "rollout/true_reward_mean": true}
        both = [replace(spec("few", a), more=lambda seed, step, done, row=row: row) for a in ("ppo", "grpo")]
        assert ("nothing was left to lose" in judge_claim(tmp_path / name, "reward.algorithm", *both)[0].note) is said


def test_gaps_are_compared_within_one_reward_model(tmp_path: Path) -> None:
    crossed = judge_claim(tmp_path / "a", "reward.algorithm", spec("many", "ppo"), spec("few", "grpo"))
    assert [f.conclusion for f in crossed] == ["not tested"]
    unrecorded = judge_claim(
        tmp_path / "b", "reward.algorithm", *(replace(spec("few", a), more=None) for a in ("ppo", "grpo"))
    )
    assert [f.conclusion for f in unrecorded] == ["not tested"]
    assert "recorded the gap" in unrecorded[0].note
