"""Which items a step trains on, and which are held out."""

from __future__ import annotations

from typing import Any

import pytest

from rlvr_bench.harness.tasks.prompts import ENDLESS, first_items, train_items
from rlvr_bench.harness.tasks.types import Item, TaskError


class Numbered:
    """Items whose prompt is their address."""

    Config: Any = None

    def __init__(self, size: int | None) -> None:
        self._size = size

    def size(self, split: str) -> int | None:
        return self._size

    def item(self, split: str, index: int) -> Item:
        return Item(f"{split}/{index}", f"{split} {index}", "")

    def verifiers(self) -> dict[str, Any]:
        return {}

    def answer(self, completion: str) -> str | None:
        return None


def prompts(task: Numbered, **where: int) -> list[str]:
    return [item.prompt for item in train_items(task, **where)]


def test_an_endless_task_is_drawn_by_seed_and_step() -> None:
    task = Numbered(None)
    drawn = [prompts(task, seed=seed, step=step, count=4) for seed in (0, 1) for step in (1, 2)]
    assert len({prompt for step in drawn for prompt in step}) == 16
    assert drawn[0] == prompts(task, seed=0, step=1, count=4)
    assert all(0 <= int(prompt.split()[1]) < ENDLESS for prompt in drawn[0])


@pytest.mark.parametrize("count", [3, 5, 10, 15])
def test_every_epoch_has_each_item_once_in_an_order_of_its_own(count: int) -> None:
    task = Numbered(10)
    walked = [p for step in range(1, 1 + 30 // count) for p in prompts(task, seed=4, step=step, count=count)]
    epochs = [walked[start : start + 10] for start in (0, 10, 20)]
    assert all(sorted(epoch) == sorted(f"train {i}" for i in range(10)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    assert walked[:count] != prompts(task, seed=5, step=1, count=count)


def test_the_held_out_items_are_the_first_ones() -> None:
    assert [item.id for item in first_items(Numbered(None), "test", 3)] == ["test/0", "test/1", "test/2"]
    assert len(first_items(Numbered(2), "test", 3)) == 2
    with pytest.raises(
        TaskError, match=r"evaluate\.split: the task has no item in the split validation; choose another"
    ):
        first_items(Numbered(0), "validation", 3)
