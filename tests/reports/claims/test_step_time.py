"""Findings on the time of a step: the cost model, and that they flip when the seconds do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

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
    assert [cost_units(frozenset(r), 1, actor_scored=True) for r in (four, three, two, {"actor"})] == [22, 20, 12, 10]
    assert cost_units(frozenset(two), 2, actor_scored=True) == 18
    assert cost_units(frozenset(two), 1, actor_scored=False) == 10


@pytest.mark.parametrize(("seconds", "conclusion"), [(1.67, "supported"), (3.0, "refuted")])
def test_time_flips(tmp_path: Path, seconds: float, conclusion: str) -> None:
    changed = replace(PPO, seconds=lambda s: seconds * (1 + 0.002 * s))
    found = judge(tmp_path, PPO_FOUR, changed, GRPO, parts=[SYSTEMS])["time.step.matched"]
    assert found.conclusion == conclusion
    assert "takes 1.67 times" in found.claim  # 20 / 12


def test_a_pass_less_in_one_algorithm_changes_what_is_expected(tmp_path: Path) -> None:
    slow = replace(PPO, seconds=lambda s: 1.5 * (1 + 0.002 * s))
    both = judge(tmp_path / "a", slow, GRPO, parts=[SYSTEMS])["time.step.matched"]
    one = judge(tmp_path / "b", slow, replace(GRPO, actor_scored=False), parts=[SYSTEMS])["time.step.matched"]
    assert "takes 1.67 times" in both.claim  # 20 / 12: 1.5 is within 1.33 to 2.08
    assert "takes 2.00 times" in one.claim  # 20 / 10: 1.5 is below 1.6
    assert [both.conclusion, one.conclusion] == ["supported", "refuted"]


def test_records_that_do_not_name_the_passes_are_not_judged(tmp_path: Path) -> None:
    found = judge(tmp_path, PPO, replace(GRPO, actor_scored=None), parts=[SYSTEMS])["time.step.matched"]
    assert found.conclusion == "not tested"
    assert found.p is None
    assert "which passes" in found.note
