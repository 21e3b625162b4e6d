"""Findings on pass@k and maj@k: the largest k counts, and they flip when the numbers do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.reports.decimals import close
from tests.reports.judge import judge_claim
from tests.reports.synthetic import CELLS, Spec

_, PPO, GRPO = CELLS


def many(cell: Spec, at_four: float, at_eight: float) -> Spec:
    def more(seed: int, step: int, done: float) -> Mapping[str, float | None]:
        return {"eval/pass@4": at_four + 0.001 * seed, "eval/pass@8": at_eight + 0.001 * seed} if step % 5 == 0 else {}

    return replace(cell, more=more)


@pytest.mark.parametrize(("better", "conclusion"), [(0.1, "supported"), (0.0, "refuted")])
def test_pass_at_k_flips(tmp_path: Path, better: float, conclusion: str) -> None:
    grown = replace(many(GRPO, 0.9, 0.8), name="grpo")
    found = judge_claim(tmp_path, "samples.pass@k", many(PPO, 0.2, 0.8 - better), grown)[0]
    assert found.conclusion == conclusion
    assert "pass@8" in found.claim
    close(found.estimate.value, better)


def test_without_many_samples_it_is_not_tested(tmp_path: Path) -> None:
    assert [f.conclusion for f in judge_claim(tmp_path, "samples.maj@k", PPO, GRPO)] == ["not tested"]
