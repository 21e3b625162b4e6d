"""A task: prompts, gold answers, and the verifiers for its completions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from rlvr_bench.harness.errors import UserError
from rlvr_bench.rewards.types import Verifier

Split = Literal["train", "validation", "test"]
"""What is learned from, what settings are chosen on, and what results are reported on; no prompt is in two of them."""


class TaskError(UserError):
    """A task cannot be used as configured; names the row or field and the remedy."""


@dataclass(frozen=True)
class Item:
    """One prompt with its gold answer."""

    id: str  # unique over all splits, stable over runs
    prompt: str
    target: Any  # what the task's verifiers expect
    meta: dict[str, Any] = field(default_factory=dict)  # such as the difficulty; recorded with completions


@runtime_checkable
class Task(Protocol):
    """Built as `Class(Class.Config(...))`; Config is a frozen dataclass with a docstring under each field.

    Items depend on their address (split, index) and on nothing else, so that every algorithm sees the same prompts
    in the same order.
    """

    Config: Any

    def size(self, split: Split) -> int | None:
        """Number of items in the split; None if it is endless, 0 if it is empty, as `validation` may be."""
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
    """A task with demonstrations, for the supervised warm start of tiny models."""

    def demonstration(self, item: Item, *, noise: float, habit: float = 0.0, seed: int) -> str:
        """A completion of the right form.

        Args:
            noise: probability of a random slip, each time another one.
            habit: share of the kinds of step at which it mostly errs, always in the same way.
        """
        ...


@runtime_checkable
class TellsFaults(Protocol):
    """A task that tells kinds of wrong completions apart, so that what a proxy rewards can be counted."""

    def fault(self, item: Item, completion: str) -> str:
        """Of which kind a completion that is not right is: a few words, of a small set, from the two texts alone."""
        ...
