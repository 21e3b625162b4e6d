"""The share of groups without a signal: both outcomes, by window of planned steps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.reports.decimals import close
from tests.reports.judge import judge, judge_claim
from tests.reports.synthetic import CELLS, Spec

PPO_FOUR, PPO, GRPO = CELLS


def silent(end: float) -> Spec:
    """A tenth of the groups in the first half, then so many."""
    return replace(
        GRPO, more=lambda seed, step, done: {"rollout/zero_std_groups": 0.1 if done < 0.5 else end + 0.01 * seed}
    )


@pytest.mark.parametrize(("end", "conclusion"), [(0.9, "supported"), (0.2, "refuted"), (0.49, "inconclusive")])
def test_silent_groups_come_out_every_way(tmp_path: Path, end: float, conclusion: str) -> None:
    found = judge_claim(tmp_path, "groups.silent", silent(end))[0]
    assert found.conclusion == conclusion
    close(found.estimate.value, end + 0.01)
    assert found.claim.startswith("In steps 7 to 8 over 50 % of the groups of GRPO, verifier")
    assert found.note.startswith("Steps 1 to 2: 10.0 % [10.0 %, 10.0 %]; all steps: ")


def test_it_is_asked_of_what_compares_within_groups(tmp_path: Path) -> None:
    assert judge(tmp_path / "a", PPO_FOUR, PPO)["groups.silent"].conclusion == "not tested"
    rloo = replace(silent(0.9), name="rloo", label="RLOO, verifier", algorithm="rloo")
    assert len(judge_claim(tmp_path / "b", "groups.silent", silent(0.9), rloo)) == 2
