"""The draw of a prompt that falls in the split, and what else procedural tasks share."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeVar

from rlvr_bench.harness.tasks.seeds import TEST_SHARE, item_seed, split_of
from rlvr_bench.harness.tasks.types import Split, TaskError
from rlvr_bench.rewards.answer_region import tagged_answer
from rlvr_bench.rewards.compose import AllOf
from rlvr_bench.rewards.exact import ExactAnswer
from rlvr_bench.rewards.format import Format
from rlvr_bench.rewards.types import Verifier

MAX_DRAWS = 10_000  # a split without a prompt among so many has none
MOST_RIGHT, LEAST_RIGHT = 0.3, 0.01  # how often a kind of step with a bad habit is shown right: its own rate between

Parts = TypeVar("Parts")


class Procedural:
    """A task that computes its items from their address."""

    def __init__(self, config: Any) -> None:
        self.config = config

    def size(self, split: Split) -> int | None:
        """Endless."""
        return None


class Tagged(Procedural):
    """One whose answers stand in tags and are compared as text."""

    def verifiers(self) -> dict[str, Verifier]:
        """`correct` includes the shape, so that no reward is given without it."""
        return {"correct": AllOf(format=Format(), exact=ExactAnswer()), "format": Format()}

    def answer(self, completion: str) -> str | None:
        """The tagged answer."""
        return tagged_answer(completion)


def item_rng(*address: str | int, split: Split, index: int) -> random.Random:
    """The generator of one item's random numbers: a function of its address alone.

    Args:
        address: the task's name and the settings that decide which items there are.
    Raises:
        IndexError: a negative index.
    """
    if index < 0:
        raise IndexError(index)
    return random.Random(item_seed(*address, split, index))


def draw(
    split: Split, make: Callable[[], tuple[str, Parts]], *, task: str, remedy: str, draws: int = MAX_DRAWS
) -> tuple[str, Parts]:
    """The first prompt that falls in the split, with what it was made from.

    Args:
        make: draws a prompt of any split.
        remedy: what to change where there is no such prompt.
    Raises:
        TaskError: none of `draws` prompts falls in the split.
    """
    for _ in range(draws):
        prompt, parts = make()
        if split_of(prompt, TEST_SHARE) == split:
            return prompt, parts
    raise TaskError(f"{task}: no prompt falls in the split {split}; {remedy}")


def errs(kind: str, habit: float, rng: random.Random) -> bool:
    """Whether a demonstration errs at a step of this kind, out of habit.

    A share `habit` of the kinds, by their hash, are such, and there it errs always in one way.  How often differs from
    kind to kind: each is shown right at a rate of its own, from MOST_RIGHT to LEAST_RIGHT, evenly in its logarithm.
    So a model that follows the demonstrations prefers the error there, knows the right step too, and has
    some errors to unlearn that it nearly never avoids.
    """
    if item_seed("habit", kind) >= habit * 2**64:
        return False
    depth = item_seed("strength of the habit", kind) / 2**64
    return rng.random() >= MOST_RIGHT * (LEAST_RIGHT / MOST_RIGHT) ** depth


def check_shares(noise: float, habit: float) -> None:
    """Raises ValueError for a share outside [0, 1]."""
    for name, share in (("noise", noise), ("habit", habit)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must be in [0, 1], got {share}")
