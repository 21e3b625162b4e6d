"""What holds for every procedural task: splits, addresses, seeds, demonstrations that are repeatable."""

from __future__ import annotations

from typing import Any

import pytest

from rlvr_bench.harness.tasks.procedural.chain import Chain, ChainConfig
from rlvr_bench.harness.tasks.procedural.draw import Tagged, draw, item_rng
from rlvr_bench.harness.tasks.procedural.program import Program, ProgramConfig
from rlvr_bench.harness.tasks.procedural.sort import Sort, SortConfig
from rlvr_bench.harness.tasks.types import Demonstrates, Task, TaskError

TASKS = {
    "sort": Sort(SortConfig()),
    "chain": Chain(ChainConfig()),
    "chain mod 7": Chain(ChainConfig(min_steps=1, max_steps=9, modulus=7)),
    "program": Program(ProgramConfig()),
}
every = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


def seeded(task: Any, seed: int) -> Any:
    return type(task)(type(task.config)(**{**vars(task.config), "seed": seed}))


@every
def test_it_is_an_endless_task_with_demonstrations(task: Any) -> None:
    assert isinstance(task, Task) and isinstance(task, Demonstrates)
    assert task.size("train") is None and task.size("test") is None


@every
def test_splits_are_disjoint_over_all_seeds(task: Any) -> None:
    prompts = {
        s: {t.item(s, i).prompt for t in (task, seeded(task, 1)) for i in range(1500)} for s in ("train", "test")
    }
    assert not prompts["train"] & prompts["test"]


@every
def test_items_depend_on_nothing_but_their_address(task: Any) -> None:
    again = seeded(task, task.config.seed)
    assert [again.item("test", i) for i in (7, 3, 7)] == [task.item("test", i) for i in (7, 3, 7)]
    ids = {task.item(split, i).id for split in ("train", "test") for i in range(100)}
    assert len(ids) == 200
    with pytest.raises(IndexError):
        task.item("train", -1)


@every
def test_seed_and_index_do_not_add_up(task: Any) -> None:
    one, two = seeded(task, 42), seeded(task, 43)
    assert [one.item("train", i + 1).prompt for i in range(9)] != [two.item("train", i).prompt for i in range(9)]
    assert one.item("train", 1).prompt != two.item("train", 0).prompt


@every
def test_demonstrations_depend_on_their_seed_alone(task: Any) -> None:
    items = [task.item("train", i) for i in range(50)]
    shown = [[task.demonstration(item, noise=1.0, seed=seed) for item in items] for seed in (0, 0, 1)]
    assert shown[0] == shown[1] != shown[2]
    with pytest.raises(ValueError, match="noise"):
        task.demonstration(items[0], noise=1.5, seed=0)
    with pytest.raises(ValueError, match="habit"):
        task.demonstration(items[0], noise=0.0, habit=-0.5, seed=0)


@every
def test_an_empty_split_is_an_error(task: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rlvr_bench.harness.tasks.procedural.draw.split_of", lambda text, share: "train")
    with pytest.raises(TaskError, match=r"no prompt falls in the split test; widen min_\w+ and max_\w+$"):
        task.item("test", 0)


def test_the_first_prompt_of_the_split_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "rlvr_bench.harness.tasks.procedural.draw"
    monkeypatch.setattr(f"{module}.split_of", lambda text, _: "test" if text > "b" else "train")
    prompts = iter("abcd")
    assert draw("test", lambda: (next(prompts), "parts"), task="t", remedy="r") == ("c", "parts")
    assert next(prompts) == "d"  # and no more are drawn
    with pytest.raises(TaskError, match="t: no prompt falls in the split test; r"):
        draw("test", lambda: ("a", None), task="t", remedy="r", draws=3)


def test_a_generator_belongs_to_an_address() -> None:
    rngs = [
        item_rng("a", 1, split="train", index=0),
        item_rng("a", 1, split="train", index=1),
        item_rng("a", 1, split="test", index=0),
        item_rng("a", 2, split="train", index=0),
        item_rng("b", 1, split="train", index=0),
    ]
    assert len({rng.random() for rng in rngs}) == len(rngs)


def test_format_is_part_of_correct() -> None:
    verifiers = Tagged(None).verifiers()
    (verdict,) = verifiers["correct"].verify(["<answer>4</answer>"], ["4"])
    assert verdict.reward == 0
    (verdict,) = verifiers["correct"].verify(["<think>a</think><answer>4</answer>"], ["4"])
    assert verdict.reward == 1
