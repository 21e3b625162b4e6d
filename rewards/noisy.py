"""Verdicts flipped at given rates, to study how noise in the reward changes training.

Whether a verdict is flipped is a function of the seed, the completion and the target alone: it depends neither on
the order nor on the batch, and the same completion is misjudged every time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from rlvr_bench.rewards.types import PASS, Verdict, wrong


class VerdictNoise:
    """Flips true verdicts, whose rewards are 0 and 1.

    Args:
        false_positive_rate: share of wrong completions that get the reward 1, in [0, 1].
        false_negative_rate: share of right completions that get the reward 0, in [0, 1].
        seed: a different seed misjudges other completions.
    Raises:
        ValueError: a rate outside [0, 1].
    """

    def __init__(self, *, false_positive_rate: float = 0.0, false_negative_rate: float = 0.0, seed: int = 0) -> None:
        for name, rate in (("positive", false_positive_rate), ("negative", false_negative_rate)):
            if not 0.0 <= rate <= 1.0:
                raise ValueError(f"false_{name}_rate is in [0, 1], got {rate}")
        self._false_positive_rate = false_positive_rate
        self._false_negative_rate = false_negative_rate
        self._seed = seed

    def misjudge(
        self, verdicts: Sequence[Verdict], completions: Sequence[str], targets: Sequence[Any]
    ) -> list[Verdict]:
        """The verdicts, some of them flipped; `infra` is never flipped."""
        return [
            self._noisy(verdict, completion, target)
            for verdict, completion, target in zip(verdicts, completions, targets, strict=True)
        ]

    def _noisy(self, verdict: Verdict, completion: str, target: Any) -> Verdict:
        if verdict.reward is None:
            return verdict
        passed = verdict.outcome == "pass"
        if self._draw(completion, target) >= (self._false_negative_rate if passed else self._false_positive_rate):
            return verdict
        if passed:
            return wrong("false negative")
        return Verdict(PASS.reward, PASS.outcome, f"false positive, truly {verdict.outcome}")

    def _draw(self, completion: str, target: Any) -> float:
        """Uniform in [0, 1)."""
        key = json.dumps([self._seed, completion, target], sort_keys=True, default=repr)
        return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2.0**64
