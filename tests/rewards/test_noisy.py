"""The noisy wrapper: its rates, its seed, and that order does not matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from rlvr_bench.rewards.noisy import NoisyVerifier
from rlvr_bench.rewards.types import PASS, Verdict, Verifier, wrong


class Equal:
    """The completion is the target."""

    closed = False

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        known = {"infra": Verdict(None, "infra")}
        return [known.get(c) or (PASS if c == t else wrong()) for c, t in zip(completions, targets, strict=True)]

    def close(self) -> None:
        self.closed = True


RIGHT = [str(i) for i in range(4000)]
WRONG = [f"{i}?" for i in range(4000)]


def rewards(completions: Sequence[str], **options: Any) -> list[float | None]:
    return [
        v.reward for v in NoisyVerifier(Equal(), **options).verify(completions, [c.strip("?") for c in completions])
    ]


def test_the_rates_are_kept() -> None:
    # standard error of a share of 4000: at most sqrt(.25 / 4000) = .008
    assert abs(sum(r == 0 for r in rewards(RIGHT, false_negative_rate=0.3)) / 4000 - 0.3) < 0.03
    assert abs(sum(r == 1 for r in rewards(WRONG, false_positive_rate=0.1)) / 4000 - 0.1) < 0.02
    assert rewards(RIGHT, false_positive_rate=1.0) == [1.0] * 4000
    assert rewards(WRONG, false_negative_rate=1.0) == [0.0] * 4000
    assert rewards(RIGHT, false_negative_rate=1.0) == [0.0] * 4000


def test_the_same_completion_errs_alike_in_any_order_and_batch() -> None:
    options = {"false_negative_rate": 0.5, "false_positive_rate": 0.5, "seed": 3}
    together = rewards(RIGHT[:200] + WRONG[:200], **options)
    assert together[::-1] == rewards((RIGHT[:200] + WRONG[:200])[::-1], **options)
    assert together == [rewards([c], **options)[0] for c in RIGHT[:200] + WRONG[:200]]
    assert together != rewards(RIGHT[:200] + WRONG[:200], **{**options, "seed": 4})


def test_a_missing_verdict_stays_missing_and_the_truth_is_told() -> None:
    noisy = NoisyVerifier(Equal(), false_positive_rate=1.0, false_negative_rate=1.0)
    verdicts = noisy.verify(["infra", "a", "b"], ["x", "a", "a"])
    assert [(v.outcome, v.detail) for v in verdicts] == [
        ("infra", ""),
        ("wrong", "false negative"),
        ("pass", "false positive, truly wrong"),
    ]


def test_it_wraps_and_closes_a_verifier() -> None:
    inner = Equal()
    noisy = NoisyVerifier(inner)
    assert isinstance(noisy, Verifier)
    noisy.close()
    assert inner.closed


@pytest.mark.parametrize("options", [{"false_positive_rate": -0.1}, {"false_negative_rate": 1.1}])
def test_a_rate_is_a_probability(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="in \\[0, 1\\]"):
        NoisyVerifier(Equal(), **options)
