"""Which items a step trains on: a function of the run's seed and the step, never of the algorithm."""

from __future__ import annotations

import random
from functools import lru_cache

from rlvr_bench.harness.seeding import derive_seed
from rlvr_bench.harness.tasks.types import Item, Split, Task, TaskError

ENDLESS = 2**48  # indices of an endless task


def train_items(task: Task, *, seed: int, step: int, count: int) -> list[Item]:
    """Items of one step (1-based).  A finite split is walked in a new order every epoch, each item once."""
    size = task.size("train")
    if size is None:
        indices = [derive_seed("prompt", seed, step, i) % ENDLESS for i in range(count)]
    else:
        places = range((step - 1) * count, step * count)
        indices = [_epoch_order(size, seed, place // size)[place % size] for place in places]
    return [task.item("train", i) for i in indices]


@lru_cache(maxsize=2)  # a step may begin in one epoch and end in the next
def _epoch_order(size: int, seed: int, epoch: int) -> tuple[int, ...]:
    order = list(range(size))
    random.Random(derive_seed("epoch", seed, epoch)).shuffle(order)
    return tuple(order)


def first_items(task: Task, split: Split, count: int) -> list[Item]:
    """The first items of a split: the held-out set of every run; fewer if there are fewer.

    Raises:
        TaskError: there are none.
    """
    size = task.size(split)
    if size == 0:
        raise TaskError(f"evaluate.split: the task has no item in the split {split}; choose another split, or add rows")
    return [task.item(split, i) for i in range(count if size is None else min(count, size))]
