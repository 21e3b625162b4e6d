"""What the procedural tasks share: prompts that are drawn until they fall in the split, answers in tags."""

from __future__ import annotations

from typing import Any

from rlvr_bench.harness.tasks.types import Split
from rlvr_bench.rewards.compose import AllOf
from rlvr_bench.rewards.exact import ExactAnswer
from rlvr_bench.rewards.format import Format
from rlvr_bench.rewards.types import Verifier

TEST_SHARE = 1 / 8  # of all prompts that a task can make
MAX_DRAWS = 10_000  # a split that stays empty for so long is empty


class Procedural:
    """A task that makes its items from their address."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def size(self, split: Split) -> int | None:
        """Endless."""
        return None


def tagged_verifiers() -> dict[str, Verifier]:
    """`correct` asks for the shape too, so that the reward cannot be had without it."""
    return {"correct": AllOf(format=Format(), exact=ExactAnswer()), "format": Format()}


def check_noise(noise: float) -> None:
    """Raises ValueError for a share of wrong demonstrations outside [0, 1]."""
    if not 0 <= noise <= 1:
        raise ValueError(f"noise must be in [0, 1], got {noise}")
