"""Findings on collapse over drawn settings: both outcomes, and what too few events cannot decide."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.claims.finding import Finding
from tests.reports import core
from tests.reports.claims.searches.test_sensitivity import searched
from tests.reports.synthetic import Spec


def trials(algorithm: str, broken: int, count: int = 24) -> list[Spec]:
    """So many are truncated from the second or the third step on."""
    return [
        replace(
            spec,
            more=lambda seed, step, done, i=i: (
                {"rollout/truncated_fraction": 0.9} if i < broken and step > i % 2 else {}
            ),
        )
        for i, spec in enumerate(core.trials(algorithm, count))
    ]


def found_in(folder: Path, ppo: list[Spec], grpo: list[Spec]) -> Finding:
    return searched(folder, *ppo, *grpo)["stability.survival"]


@pytest.mark.parametrize(
    ("ppo", "grpo", "conclusion"),
    [(14, 3, "supported"), (3, 14, "refuted"), (6, 4, "inconclusive"), (3, 1, "undecidable"), (0, 0, "undecidable")],
)
def test_it_comes_out_every_way(tmp_path: Path, ppo: int, grpo: int, conclusion: str) -> None:
    found = found_in(tmp_path, trials("ppo", ppo), trials("grpo", grpo))
    assert found.conclusion == conclusion, found.sentence
    assert f"PPO {ppo} of 24 collapsed, GRPO {grpo} of 24 collapsed" in found.sentence
    if conclusion in ("supported", "refuted"):
        assert found.estimate is not None
        assert (found.estimate.low > 1) == (conclusion == "supported")


def test_fewer_trials_decide_nothing(tmp_path: Path) -> None:
    found = found_in(tmp_path, trials("ppo", 20, 20), trials("grpo", 0))
    assert found.conclusion == "undecidable"
    assert "20 finished trials, the rule needs 24" in found.sentence


def test_without_two_searches_it_is_not_tested(tmp_path: Path) -> None:
    assert found_in(tmp_path, trials("ppo", 3), []).conclusion == "not tested"
