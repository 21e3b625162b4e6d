"""The finding on groups without a signal flips with their share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.claims.finding import Finding
from tests.reports.judge import judge
from tests.reports.synthetic import CELLS

PPO_FOUR, PPO, GRPO = CELLS


def test_silent_groups_flip(found: dict[str, Finding], tmp_path: Path) -> None:
    assert found["groups.silent"].conclusion == "supported"
    assert judge(tmp_path, PPO, replace(GRPO, zero_groups=0.9))["groups.silent"].conclusion == "refuted"


def test_the_note_gives_both_ends_of_the_run(found: dict[str, Finding]) -> None:
    assert "First quarter of the recorded steps 20.0 %, last quarter 20.0 %" in found["groups.silent"].note
