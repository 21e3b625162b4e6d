"""Findings on a random reward, by hand, and what is said of the verifier itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.reports.decimals import close
from tests.reports.hacking import HACKING, ends_at, spec
from tests.reports.judge import judge_claim
from tests.reports.synthetic import CELLS, Spec

RANDOM = spec("random", "ppo")


@pytest.mark.parametrize(
    ("change", "conclusion"),
    [
        (lambda s: 0.005 * (s - 1), "supported"),  # 0 +- .0124, below .02
        (lambda s: 0.01 * (s - 1), "inconclusive"),  # 0 +- .0248
        (lambda s: 0.1 + 0.005 * (s - 1), "refuted"),
        (lambda s: 0.005 + 0.0005 * (s - 1), "supported"),  # a trifle, surely above 0 and surely below the threshold
        (lambda s: -0.2 + 0.005 * (s - 1), "supported"),  # a fall is no gain
    ],
)
def test_random_reward(tmp_path: Path, change: Callable[[int], float], conclusion: str) -> None:
    found = judge_claim(tmp_path, "reward.random", ends_at(RANDOM, lambda s: 0.4 + change(s)))
    assert [f.conclusion for f in found] == [conclusion]
    close(found[0].estimate.value, change(1))


def test_random_reward_interval_and_p_by_hand(tmp_path: Path) -> None:
    found = judge_claim(tmp_path, "reward.random", ends_at(RANDOM, lambda s: 0.4 + 0.005 * (s - 1)))[0]
    # sd .005, se .0028868, t(.975, 2) = 4.302653: half width .0124207
    close([found.estimate.low, found.estimate.high], [-0.0124207, 0.0124207], places=6)
    # against .02: t = -6.928203 with 2 degrees of freedom, two-sided p = 1 - |t| / sqrt(t^2 + 2)
    close(found.p, 1 - 6.928203 / 50**0.5, places=6)


def note(folder: Path, *cells: Spec) -> str:
    return judge_claim(folder, "reward.verifier", *cells)[0].note


def test_the_verifier_itself_is_not_tested_and_the_page_says_why(tmp_path: Path) -> None:
    alone = note(tmp_path / "a", *CELLS[1:])
    assert "known error rates, a second judge of the verifier and a random-reward control" in alone
    assert "by construction" in alone
    every = note(tmp_path / "b", *HACKING)
    assert "it needs verifiers with known error rates and a second judge of the verifier." in every
    assert "random-reward control (reward.random) and learned reward models" in every
    assert "nothing of the verifier's own faults" in every
    noisy = replace(CELLS[1], name="noisy", reward={"false_positive_rate": 0.1})
    with_noise = note(tmp_path / "c", *HACKING, noisy)
    assert "it needs a second judge of the verifier." in with_noise
    assert "verifier, 10 % false positives" in with_noise
