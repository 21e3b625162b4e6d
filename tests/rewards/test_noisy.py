"""Flipped verdicts: their rates, its seed, and that order does not matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from rlvr_bench.rewards.noisy import VerdictNoise
from rlvr_bench.rewards.types import PASS, Verdict, wrong


def verdict(completion: str, target: str) -> Verdict:
    """The true one: the completion is the target."""
    return Verdict(None, "infra") if completion == "infra" else PASS if completion == target else wrong()


def misjudged(completions: Sequence[str], targets: Sequence[str], **options: Any) -> list[Verdict]:
    true = [verdict(*pair) for pair in zip(completions, targets, strict=True)]
    return VerdictNoise(**options).misjudge(true, completions, targets)


RIGHT = [str(i) for i in range(4000)]
WRONG = [f"{i}?" for i in range(4000)]


def rewards(completions: Sequence[str], **options: Any) -> list[float | None]:
    return [v.reward for v in misjudged(completions, [c.strip("?") for c in completions], **options)]


def test_the_rates_are_kept() -> None:
    # standard error of a share of 4000: at most sqrt(.25 / 4000) = .008
    assert abs(sum(r == 0 for r in rewards(RIGHT, false_negative_rate=0.3)) / 4000 - 0.3) < 0.03
    assert abs(sum(r == 1 for r in rewards(WRONG, false_positive_rate=0.1)) / 4000 - 0.1) < 0.02
    assert rewards(RIGHT, false_positive_rate=1.0) == [1.0] * 4000
    assert rewards(WRONG, false_negative_rate=1.0) == [0.0] * 4000
    assert rewards(RIGHT, false_negative_rate=1.0) == [0.0] * 4000


def test_the_same_completion_is_misjudged_in_any_order_and_batch() -> None:
    options = {"false_negative_rate": 0.5, "false_positive_rate": 0.5, "seed": 3}
    together = rewards(RIGHT[:200] + WRONG[:200], **options)
    assert together[::-1] == rewards((RIGHT[:200] + WRONG[:200])[::-1], **options)
    assert together == [rewards([c], **options)[0] for c in RIGHT[:200] + WRONG[:200]]
    assert together != rewards(RIGHT[:200] + WRONG[:200], **{**options, "seed": 4})


def test_a_missing_verdict_stays_missing_and_the_true_outcome_is_named() -> None:
    verdicts = misjudged(["infra", "a", "b"], ["x", "a", "a"], false_positive_rate=1.0, false_negative_rate=1.0)
    assert [(v.outcome, v.detail) for v in verdicts] == [
        ("infra", ""),
        ("wrong", "false negative"),
        ("pass", "false positive, truly wrong"),
    ]


@pytest.mark.parametrize("options", [{"false_positive_rate": -0.1}, {"false_negative_rate": 1.1}])
def test_a_rate_is_a_probability(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="in \\[0, 1\\]"):
        VerdictNoise(**options)
