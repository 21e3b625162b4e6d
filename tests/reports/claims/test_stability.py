"""Findings on collapse and spread: both outcomes, and what so few seeds cannot decide."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rlvr_bench.harness.records import EvaluationCounts
from rlvr_bench.reports.claims import stability
from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.load import load
from tests.reports import synthetic
from tests.reports.decimals import close
from tests.reports.judge import judge
from tests.reports.synthetic import CELLS, LEARNING, Spec

_, PPO, GRPO = CELLS


def broken(cell: Spec, seeds: int) -> Spec:
    """The first so many seeds collapse."""
    return replace(
        cell, more=lambda seed, step, done: {"rollout/truncated_fraction": 0.9} if step and seed < seeds else {}
    )


def found_in(folder: Path, identifier: str, *cells: Spec, seeds: int) -> Finding:
    return judge(folder, *cells, parts=[replace(LEARNING, seeds=tuple(range(seeds)))])[identifier]


@pytest.mark.parametrize(
    ("ppo", "grpo", "seeds", "conclusion"),
    [
        (5, 0, 5, "supported"),
        (0, 5, 5, "refuted"),
        (3, 0, 5, "inconclusive"),  # the score interval alone excludes 0, Fisher's p is .17
        (0, 0, 5, "undecidable"),
        (5, 5, 5, "undecidable"),
        (3, 0, 3, "undecidable"),
    ],
)
def test_collapse_comes_out_every_way(tmp_path: Path, ppo: int, grpo: int, seeds: int, conclusion: str) -> None:
    found = found_in(tmp_path, "stability.collapse", broken(PPO, ppo), broken(GRPO, grpo), seeds=seeds)
    assert found.conclusion == conclusion
    assert f"PPO {ppo} of {seeds}, GRPO {grpo} of {seeds}" in found.sentence


def test_no_collapse_only_bounds_the_rate(found: dict[str, Finding], tmp_path: Path) -> None:
    assert "63.2 %" in found["stability.collapse"].note  # 1 - .05^(1/3)
    assert "floor" in found_in(tmp_path, "stability.collapse", PPO, GRPO, seeds=4).sentence


@pytest.mark.parametrize(
    ("wide", "seeds", "conclusion"), [(0.05, 10, "supported"), (0.002, 10, "refuted"), (0.05, 9, "undecidable")]
)
def test_spread_is_the_difference_of_standard_deviations(
    tmp_path: Path, wide: float, seeds: int, conclusion: str
) -> None:
    ppo, grpo = replace(PPO, final=lambda s: 0.4 + wide * s), replace(GRPO, final=lambda s: 0.6 + 0.01 * s)
    found = found_in(tmp_path, "stability.spread", ppo, grpo, seeds=seeds)
    assert found.conclusion == conclusion
    close(found.estimate.value, float(np.std(np.arange(seeds), ddof=1)) * (wide - 0.01), places=6)
    assert "was not recorded for both" in found.note


def test_the_noise_of_the_evaluations_is_taken_out(tmp_path: Path) -> None:
    """Ten scores a hundredth apart; 16 items of which each was right in one of two samples."""
    ppo, grpo = replace(PPO, final=lambda s: 0.4 + 0.05 * s), replace(GRPO, final=lambda s: 0.6 + 0.01 * s)
    study = load(synthetic.write(tmp_path, (ppo, grpo), [replace(LEARNING, seeds=tuple(range(10)))], steps=8))
    counts = EvaluationCounts(8, "test", 2, 1.0, (1,) * 16, (1,) * 16)
    cells = study.cells(study.manifest.parts[0])
    known = [replace(c, runs=tuple(replace(r, evaluations=(counts,)) for r in c.runs)) for c in cells]
    (found,) = stability.spread(known)
    # variances of the scores 55 / 6 times .0025 and .0001; an item's share has variance 1 / 4: 16 / 4 / 16^2 = 1 / 64
    close(found.estimate.value, (55 / 6 * 0.0025 - 1 / 64) ** 0.5 - 0.0, places=6)
    assert "12.50 and 12.50 points" in found.note


def test_without_spread_there_is_no_difference(tmp_path: Path) -> None:
    found = found_in(tmp_path, "stability.spread", replace(PPO, final=lambda s: 0.7), GRPO, seeds=10)
    assert found.conclusion == "undecidable"
    assert "a cell has no spread over its seeds" in found.sentence
