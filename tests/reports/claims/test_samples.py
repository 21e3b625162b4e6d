"""Findings on pass@k and maj@k: the largest k counts, both outcomes, and the ceiling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.claims.samples import crossing
from tests.reports.decimals import close
from tests.reports.judge import cells_of, judge_claim
from tests.reports.often import base, often
from tests.reports.synthetic import CELLS, Spec

_, PPO, GRPO = CELLS


def many(cell: Spec, at_four: float, at_eight: float, spread: float = 0.001) -> Spec:
    def more(seed: int, step: int, done: float) -> Mapping[str, float | None]:
        if step % 5:
            return {}
        return {"eval/pass@4": at_four, "eval/pass@8": 0.7 if step == 0 else at_eight + spread * (seed - 1)}

    return replace(cell, more=more)


@pytest.mark.parametrize(
    ("ppo", "grpo", "conclusion"),
    [(0.8, 0.8, "supported"), (0.8, 0.81, "supported"), (0.7, 0.8, "refuted"), (0.8, 0.7, "refuted"),
     (0.8, 0.82, "inconclusive"), (0.99, 0.994, "undecidable")],
)  # fmt: skip
def test_pass_at_k_comes_out_every_way(tmp_path: Path, ppo: float, grpo: float, conclusion: str) -> None:
    found = judge_claim(tmp_path, "samples.pass@k", many(PPO, 0.2, ppo, 0.0), many(GRPO, 0.9, grpo))[0]
    assert found.conclusion == conclusion, found.sentence
    assert "pass@8" in found.claim
    close(found.estimate.value, grpo - ppo)
    assert found.note.startswith("The base model's own: 0.700.")


def test_too_little_room_is_said_to_be(tmp_path: Path) -> None:
    found = judge_claim(tmp_path, "samples.pass@k", many(PPO, 0.2, 0.994, 0.0), many(GRPO, 0.9, 0.99))[0]
    assert "undecidable, ceiling: both cells are above 0.98" in found.sentence


def test_without_many_samples_it_is_not_tested(tmp_path: Path) -> None:
    assert [f.conclusion for f in judge_claim(tmp_path, "samples.maj@k", PPO, GRPO)] == ["not tested"]


WARM = {"warm_start": {"steps": 9}}


@pytest.mark.parametrize(
    ("at_eight", "conclusion", "note"),
    [
        ((0.85, 0.86, 0.87), "supported", "It falls below from k = 5 on ["),
        ((0.93, 0.94, 0.95), "refuted", "No crossing up to k = 8 in the mean over the seeds; it crosses in 0.0 % of"),
        ((0.85, 0.89, 0.99), "inconclusive", "No crossing up to k = 8 in the mean over the seeds; it crosses in "),
    ],
)
def test_a_policy_is_held_against_its_base_model(
    tmp_path: Path, at_eight: tuple[float, ...], conclusion: str, note: str
) -> None:
    spec = replace(GRPO, settings=WARM, many=lambda seed: often([0.6, 0.7, 0.8, at_eight[seed]]))
    cells = cells_of(tmp_path, PPO, spec, seeds=3)
    (found,) = crossing(cells, [base([0.3, 0.5, 0.79, 0.9], WARM["warm_start"])])
    assert found.conclusion == conclusion, found.sentence
    assert found.claim == "At pass@8, GRPO, verifier ends below the base model that it started from."
    close(found.estimate.value, sum(at_eight) / 3 - 0.9)
    assert found.note.startswith(note), found.note


def test_without_base_models_that_were_asked_there_is_no_crossing(tmp_path: Path) -> None:
    spec = replace(GRPO, settings=WARM, many=lambda seed: often([0.6, 0.7, 0.8, 0.9]))
    cells = cells_of(tmp_path, spec, seeds=3)
    assert [f.conclusion for f in crossing(cells, [base(None, WARM["warm_start"])])] == ["not tested"]
    assert [f.conclusion for f in judge_claim(tmp_path / "plain", "samples.crossing", PPO, GRPO)] == ["not tested"]
