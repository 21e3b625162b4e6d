"""The finding on accuracy is an equivalence, and flips when the numbers do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.claims.finding import Finding
from tests.reports.decimals import close
from tests.reports.judge import judge
from tests.reports.synthetic import CELLS

PPO_FOUR, PPO, GRPO = CELLS
ID = "accuracy.final"


def test_accuracy_is_an_equivalence(found: dict[str, Finding], tmp_path: Path) -> None:
    close(found[ID].estimate.value, 0.01)
    assert found[ID].conclusion == "supported"
    worse = replace(PPO, final=lambda s: 0.70 + 0.001 * s)
    assert judge(tmp_path / "a", worse, GRPO)[ID].conclusion == "refuted"
    noisy = replace(PPO, final=lambda s: 0.80 + 0.1 * s)
    assert judge(tmp_path / "b", noisy, GRPO)[ID].conclusion == "inconclusive"


def test_it_needs_a_matched_pair(tmp_path: Path) -> None:
    alone = judge(tmp_path, PPO_FOUR, GRPO)[ID]
    assert alone.conclusion == "not tested"
    assert "differ by the critic alone" in alone.note
