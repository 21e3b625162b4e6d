"""A task: prompts, gold answers and the verifier that judges them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from rlvr_bench.harness.errors import UserError
from rlvr_bench.rewards.types import Verifier

Split = Literal["train", "test"]


class TaskError(UserError):
    """A task that cannot be used as configured; names the row or field and the remedy."""


@dataclass(frozen=True)
class Item:
    """One prompt with its gold answer."""

    id: str  # unique over both splits, stable over runs
    prompt: str
    target: Any  # whatever the task's verifier takes
    meta: dict[str, Any] = field(default_factory=dict)  # difficulty and the like; shown beside completions


@runtime_checkable
class Task(Protocol):
    """Built as `Class(Class.Config(...))`; Config is a frozen dataclass with a docstring under each field.

    Items are addressed by (split, index) and never depend on anything else, so that every algorithm sees
    the same prompts in the same order.
    """

    Config: Any

    def size(self, split: Split) -> int | None:
        """Number of items in the split; None if there is no end to them."""
        ...

    def item(self, split: Split, index: int) -> Item:
        """The index-th item of a split.  Raises IndexError past the end."""
        ...

    def verifiers(self) -> dict[str, Verifier]:
        """The named components of the reward.  `correct` must be there: it is the true reward."""
        ...

    def answer(self, completion: str) -> str | None:
        """The final answer in a completion, for majority votes; None if there is none."""
        ...


@runtime_checkable
class Demonstrates(Protocol):
    """A task that can show how it is done, for the supervised warm start of tiny models."""

    def demonstration(self, item: Item, *, noise: float, seed: int) -> str:
        """A completion that is right with probability about 1 - noise, and well formed but wrong otherwise."""
        ...
