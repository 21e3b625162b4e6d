"""Prompts that are longer than a run allows: found before it starts, and refused or left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, get_args

from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.rollout.text import prompt_ids
from rlvr_bench.harness.tasks.types import Item, Split, Task, TaskError
from rlvr_bench.rewards.types import Verifier

ENDLESS_ITEMS = 256
"""Items that speak for a split without an end."""
STRIDE = 2**48
"""From an item of such a split to the one that takes its place; no run's indices reach so far."""
NAMED = 10
"""Items that an error names; the rest are counted."""


class Fitting:
    """A task without some of its items; the others have their ids, and follow one another."""

    Config = None

    def __init__(self, whole: Task, kept: Mapping[Split, Sequence[int]], fits: Callable[[Item], bool]) -> None:
        """
        Args:
            kept: indices of the items that are left, of each split that has an end.
            fits: whether an item of another split is left; another takes the place of one that is not.
        """
        self.whole, self._kept, self._fits = whole, kept, fits

    def size(self, split: Split) -> int | None:
        """Items that are left."""
        return len(self._kept[split]) if split in self._kept else self.whole.size(split)

    def item(self, split: Split, index: int) -> Item:
        """The index-th of those that are left."""
        if split not in self._kept:
            item = self.whole.item(split, index)
            others = (self.whole.item(split, index + i * STRIDE) for i in range(1, ENDLESS_ITEMS))
            return item if self._fits(item) else next((other for other in others if self._fits(other)), item)
        if index < 0:
            raise IndexError(index)
        return self.whole.item(split, self._kept[split][index])

    def verifiers(self) -> dict[str, Verifier]:
        """Those of the whole task."""
        return self.whole.verifiers()

    def answer(self, completion: str) -> str | None:
        """As the whole task reads it."""
        return self.whole.answer(completion)


def fitting(task: Task, tokenizer: Any, config: RunConfig) -> tuple[Task, dict[str, int]]:
    """The task that a run trains and evaluates on, and how many items each split has lost; if endless, of the first.

    Raises:
        TaskError: no item to train on is left.
    """
    if config.rollout.long_prompts == "error":
        return task, {}
    limit = config.rollout.max_prompt_tokens
    read = dict(_read(task, config))
    kept: dict[Split, list[int]] = {}
    dropped: dict[str, int] = {}
    for split in get_args(Split):
        size = task.size(split)
        if size is None and split not in read:
            continue
        lengths = list(_lengths(task, tokenizer, config, split, ENDLESS_ITEMS if size is None else size))
        left = [i for i, length in enumerate(lengths) if length <= limit]
        if split == "train" and not left:
            raise TaskError(
                f"rollout.max_prompt_tokens: every prompt of the split train is longer than {limit} tokens; raise it"
            )
        if size is not None:
            kept[split] = left
        dropped[split if size is not None else f"{split}, of the first {ENDLESS_ITEMS}"] = len(lengths) - len(left)
    fitted = Fitting(task, kept, lambda item: _length(item, tokenizer, config) <= limit)
    return fitted, {split: count for split, count in dropped.items() if count}


def problems(task: Task, tokenizer: Any, config: RunConfig) -> list[str]:
    """What is wrong with the lengths of the prompts that a run will read, a line for each split that has any."""
    limit, found = config.rollout.max_prompt_tokens, []
    if config.rollout.long_prompts == "drop":
        return []
    for split, count in _read(task, config):
        lengths = enumerate(_lengths(task, tokenizer, config, split, count))
        long = [(i, length) for i, length in lengths if length > limit]
        if long:
            named = [_named(task.item(split, i), length) for i, length in long[:NAMED]]
            more = [f"and {len(long) - NAMED} more"] if len(long) > NAMED else []
            found.append(
                f"rollout.max_prompt_tokens: {len(long)} of {count} prompts of the split {split} are longer than "
                f"{limit} tokens: {', '.join(named + more)}; raise it, or set "
                'rollout.long_prompts = "drop" to leave them out'
            )
    return found


def told(dropped: Mapping[str, int], config: RunConfig) -> list[str]:
    """A line for each split that lost items."""
    limit = config.rollout.max_prompt_tokens
    return [
        f"left out {count} prompt{'s' if count > 1 else ''} of the split {split}: longer than {limit} tokens "
        "(rollout.long_prompts)"
        for split, count in dropped.items()
    ]


def choice_of(config: RunConfig) -> dict[str, int]:
    """What decides which items are left; part of the key of what is made from them."""
    r = config.rollout
    return {"prompts_up_to": r.max_prompt_tokens} if r.long_prompts == "drop" else {}


def _read(task: Task, config: RunConfig) -> Iterator[tuple[Split, int]]:
    """Splits, and how many of their first items the run may read."""
    e = config.evaluate
    wanted: dict[Split, int | None] = {"train": None}
    if e.every:
        wanted[e.split] = max(e.items, e.final_items)
    if config.measure.base_items:
        wanted["test"] = max(wanted.get("test") or 0, config.measure.base_items)
    for split, most in wanted.items():
        size = task.size(split)
        there = ENDLESS_ITEMS if size is None else size
        yield split, there if most is None else min(there, most)


def _lengths(task: Task, tokenizer: Any, config: RunConfig, split: Split, count: int) -> Iterator[int]:
    return (_length(task.item(split, i), tokenizer, config) for i in range(count))


def _length(item: Item, tokenizer: Any, config: RunConfig) -> int:
    return len(prompt_ids(tokenizer, item.prompt, chat=config.model.chat_template == "auto"))


def _named(item: Item, length: int) -> str:
    row = f"row {item.meta['row']}, " if "row" in item.meta else ""
    return f"{item.id} ({row}{length} tokens)"
