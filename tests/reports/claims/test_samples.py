"""Findings on pass@k and maj@k: the largest k counts, both outcomes, and the ceiling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.reports.decimals import close
from tests.reports.judge import judge_claim
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
