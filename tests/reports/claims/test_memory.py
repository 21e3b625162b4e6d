"""Findings on memory: exact states, measured peaks, and that they flip when the numbers do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.claims.finding import Finding
from tests.reports.decimals import close
from tests.reports.judge import judge
from tests.reports.synthetic import CELLS, LEARNING, MIB, SYSTEMS

PPO_FOUR, PPO, GRPO = CELLS
STATES = ("memory.states.four-model", "memory.states.matched")
PEAKS = ("memory.peak.four-model", "memory.peak.matched")


def test_states_are_exact(found: dict[str, Finding]) -> None:
    # 16 + 16 + 4 + 4 = 40 against 16 + 4 = 20; matched 36 against 20
    close(found[STATES[0]].estimate.value, 0.5)
    close(found[STATES[1]].estimate.value, 20 / 36)
    assert {found[i].conclusion for i in STATES} == {"arithmetic"}
    assert found[STATES[0]].p is found[STATES[0]].p_holm is None
    assert "50.0 % fewer (exact): 20.0 against 40.0 bytes per parameter" in found[STATES[0]].sentence


def test_peak_saving_leaves_out_warm_up_and_baseline(found: dict[str, Finding]) -> None:
    # peaks without the baseline (45, 46, 47) / (100, 101, 102): mean of the logs, exponentiated
    expected = ((45 * 46 * 47) / (100 * 101 * 102)) ** (1 / 3)
    close(found[PEAKS[0]].estimate.value, expected)
    assert found[PEAKS[0]].conclusion == "supported"
    assert (
        f"at least 40 % lower than that of four-model PPO: supported, it is {100 * (1 - expected):.1f} % lower ["
        in (found[PEAKS[0]].sentence)
    )


@pytest.mark.parametrize(("mib", "conclusion"), [(45, "supported"), (80, "refuted")])
def test_peak_flips(tmp_path: Path, mib: int, conclusion: str) -> None:
    changed = replace(GRPO, peak=lambda s: (mib + 0.1 * s) * MIB)
    flipped = judge(tmp_path, PPO_FOUR, PPO, changed, parts=[SYSTEMS])
    assert flipped[PEAKS[0]].conclusion == conclusion


def test_a_peak_that_is_not_the_models_is_undecidable(tmp_path: Path) -> None:
    """States of 40 MB in a process of 500 MiB: what differs there is the process."""
    large = [replace(cell, peak=lambda s: (500 + s) * MIB) for cell in (PPO_FOUR, PPO, GRPO)]
    found = judge(tmp_path, *large, parts=[SYSTEMS])
    assert {found[i].conclusion for i in PEAKS} == {"undecidable"}
    assert "what is measured at this size is the process" in found[PEAKS[0]].sentence
    assert "0.0 % lower [" in found[PEAKS[0]].effect or "times [" in found[PEAKS[0]].effect  # shown all the same


def test_peak_on_the_threshold_is_inconclusive(tmp_path: Path) -> None:
    found = judge(tmp_path, PPO_FOUR, PPO, replace(GRPO, peak=lambda s: (55 + 5 * s) * MIB), parts=[SYSTEMS])
    assert found[PEAKS[0]].conclusion == "inconclusive"


def test_one_seed_has_no_interval(tmp_path: Path) -> None:
    parts = [replace(LEARNING, seeds=(1,)), replace(SYSTEMS, seeds=(1,))]
    found = judge(tmp_path, parts=parts)
    assert found[PEAKS[0]].conclusion == "undecidable"
    assert "1 finished pair, the rule needs 3" in found[PEAKS[0]].sentence
    assert "n = 1, no interval" in found[PEAKS[0]].effect
