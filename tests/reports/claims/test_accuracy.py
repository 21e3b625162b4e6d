"""The finding on accuracy is an equivalence, comes out both ways, and is undecidable where it could not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports.cells.pairing import Paired
from rlvr_bench.reports.claims.accuracy import correlation_note
from tests.reports.decimals import close
from tests.reports.judge import judge, judge_claim
from tests.reports.synthetic import CELLS

PPO_FOUR, PPO, GRPO = CELLS
ID = "accuracy.final"


@pytest.mark.parametrize(
    ("final", "conclusion"),
    [
        (lambda s: 0.915 + 0.001 * (s - 1), "supported"),  # .915 against .915
        (lambda s: 0.925 + 0.001 * (s - 1), "supported"),
        (lambda s: 0.815 + 0.001 * (s - 1), "refuted"),
        (lambda s: 0.915 + 0.05 * (s - 1), "inconclusive"),
        (lambda s: 0.925, "undecidable"),  # no spread
    ],
)
def test_the_rule_comes_out_every_way(tmp_path: Path, final: Callable[[int], float], conclusion: str) -> None:
    both = replace(PPO, final=lambda s: 0.915), replace(GRPO, final=final)
    found = judge_claim(tmp_path, ID, *both)[0]
    assert found.conclusion == conclusion
    close(found.estimate.value, final(1) - 0.915)
    assert found.level == 0.9
    assert found.holds == (-0.02, 0.02)
    assert not found.primary
    assert found.p_holm is None
    assert f"within 2 points: {conclusion}, " in found.sentence


def test_two_cells_in_which_nothing_was_ever_right_decide_nothing(tmp_path: Path) -> None:
    never = {"eval/pass@1": 0.0, "eval/greedy": 0.0}
    both = [replace(c, more=lambda seed, step, done: never if step % 5 == 0 else {}) for c in (PPO, GRPO)]
    found = judge_claim(tmp_path, ID, *both)[0]
    assert found.conclusion == "undecidable"
    assert "floor: both cells stayed at 0 from start to end" in found.sentence


def test_names_do_not_matter_only_the_critic_does(tmp_path: Path) -> None:
    mine = replace(GRPO, name="mine", label="Mine, verifier", algorithm="mine", final=lambda s: 0.9 + 0.001 * s)
    found = judge_claim(tmp_path, ID, PPO, mine)[0]
    assert found.pair == ("Mine, verifier", "PPO, verifier")
    assert found.claim.startswith("With a verifier, MINE and PPO end")


def test_several_pairs_under_one_reward_are_told_apart(tmp_path: Path) -> None:
    rloo = replace(GRPO, name="rloo", label="RLOO, verifier", algorithm="rloo")
    claims = [f.claim for f in judge_claim(tmp_path, ID, PPO, GRPO, rloo)]
    assert len(set(claims)) == 2
    assert "(RLOO, verifier against PPO, verifier)" in claims[1]


def test_it_needs_a_matched_pair(tmp_path: Path) -> None:
    alone = judge(tmp_path, PPO_FOUR, GRPO)[ID]
    assert alone.conclusion == "not tested"
    assert "differ by the critic alone" in alone.note


def test_the_correlation_that_pairing_achieved() -> None:
    assert correlation_note(Paired((0, 1, 2), (1.0, 2.0, 3.0), (2.0, 4.0, 6.0))) == " Correlation of the pairs: 1.00."
    assert correlation_note(Paired((0, 1, 2), (1.0, 2.0, 3.0), (2.0, 2.0, 2.0))) == ""
