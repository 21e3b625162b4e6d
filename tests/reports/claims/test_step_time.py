"""Findings on the time of a step: the cost model, and that they flip when the seconds do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.reports.claims.step_time import cost_units
from tests.reports.decimals import close
from tests.reports.judge import judge
from tests.reports.synthetic import CELLS, SYSTEMS, Spec

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


@pytest.mark.parametrize(
    ("seconds", "spread", "conclusion"),
    [(1.67, 0.002, "supported"), (3.0, 0.002, "refuted"), (2.0, 0.2, "inconclusive")],
)
def test_time_comes_out_every_way(tmp_path: Path, seconds: float, spread: float, conclusion: str) -> None:
    changed = replace(PPO, seconds=lambda s: seconds * (1 + spread * (s - 1)))
    found = judge(tmp_path, PPO_FOUR, changed, GRPO, parts=[SYSTEMS])["time.step.matched"]
    assert found.conclusion == conclusion
    assert "takes 1.67 times" in found.claim  # 20 / 12
    close(found.holds or (), [20 / 12 / 1.25, 20 / 12 * 1.25])
    ratios = [seconds * (1 + spread * (s - 1)) / (1 + 0.005 * s) for s in range(3)]
    close(found.estimate.value, (ratios[0] * ratios[1] * ratios[2]) ** (1 / 3))
    assert "21 timed steps a cell, fewer than the 30" in found.note  # three seeds of seven steps after the first
    assert "wait was not recorded" in found.note


@pytest.mark.parametrize(("waited", "conclusion"), [(0.05, "supported"), (0.5, "undecidable")])
def test_a_busy_machine_decides_nothing(tmp_path: Path, waited: float, conclusion: str) -> None:
    def row(cell: Spec, seed: int, step: int) -> dict[str, float]:
        return {"cost/processor_wait": waited if cell.name == "grpo" else 0.0}

    changed = replace(PPO, seconds=lambda s: 1.67 * (1 + 0.002 * s))
    found = judge(tmp_path, changed, GRPO, parts=[SYSTEMS], row=row)["time.step.matched"]
    assert found.conclusion == conclusion
    assert ("the machine was busy: 100 % of the timed steps waited" in found.sentence) == (conclusion == "undecidable")
    assert "not recorded" not in found.note


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


@pytest.mark.parametrize("model", [{"adapter": {"rank": 4}}, {"critic": "tiny:32x1"}])
def test_the_cost_model_is_not_for_adapters_or_another_size(tmp_path: Path, model: dict[str, Any]) -> None:
    cells = [replace(cell, settings={"model": model}) for cell in CELLS]
    found = judge(tmp_path, *cells, parts=[SYSTEMS])["time.step.matched"]
    assert found.conclusion == "not tested"
    assert "models of one size that are trained whole" in f"{found.sentence} {found.note} {found.rule} {found.effect}"
