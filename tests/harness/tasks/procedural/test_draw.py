"""What holds for every procedural task: splits, addresses, seeds, demonstrations that are repeatable."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.records import read_completions, read_json
from rlvr_bench.harness.tasks.procedural.chain import Chain, ChainConfig
from rlvr_bench.harness.tasks.procedural.checked import CheckedChain, CheckedChainConfig
from rlvr_bench.harness.tasks.procedural.draw import LEAST_RIGHT, MOST_RIGHT, Tagged, draw, errs, item_rng
from rlvr_bench.harness.tasks.procedural.program import Program, ProgramConfig
from rlvr_bench.harness.tasks.procedural.sort import Sort, SortConfig
from rlvr_bench.harness.tasks.types import Demonstrates, Split, Task, TaskError

TASKS = {
    "sort": Sort(SortConfig()),
    "chain": Chain(ChainConfig()),
    "checked-chain": CheckedChain(CheckedChainConfig()),
    "chain mod 7": Chain(ChainConfig(min_steps=1, max_steps=9, modulus=7)),
    "program": Program(ProgramConfig()),
}
SPLITS: tuple[Split, ...] = ("train", "validation", "test")
# As they were before there was a split for validation; records that are committed were made with them.
TEST_PROMPTS = {
    "sort": ("sort 0 0 9 4 6 8 5 0:", "sort 9 6 7 9 3 8 0 8:", "sort 7 2 2 3 7 7 5:"),
    "chain": ("5-6-8*8+5+2:", "1*7*9*5+1*8:", "6*2+7+8-1*9:"),
    "checked-chain": ("5-6-8*8+5+2:", "1*7*9*5+1*8:", "6*2+7+8-1*9:"),
    "chain mod 7": ("8+3+2-9*9-5:", "2-1*3+2-3:", "9-8*1-7+3*7-8-1-2-7:"),
    "program": ("add 3, add 6, minus 5:", "add 5, add 7:", "minus 6, add 4, minus 9:"),
}
# The SHA-256 of the lines `id prompt target` of the first 300.
TEST_ITEMS = {
    "sort": "502cfeac769e29cdfba05db68a3fb6ebc990df5fc996b02bd0ca8249b24ab982",
    "chain": "d6d717f21b154e7897cabeffb14496ba06ba3b82bf34eb0f791c7a1d60455897",
    "checked-chain": "d6d717f21b154e7897cabeffb14496ba06ba3b82bf34eb0f791c7a1d60455897",
    "chain mod 7": "d2b8739a5142d4591d32b412cb6ccd3c345de4dea70669c1ff29471f50c4224c",
    "program": "3bd55545e32b89dd1062462cc0c68cedc8761d88ebcd1169de296a8b83c91e2d",
}
STUDIES = Path(__file__).parents[4] / "results"
every = pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)


def seeded(task: Any, seed: int) -> Any:
    return type(task)(type(task.config)(**{**vars(task.config), "seed": seed}))


@every
def test_it_is_an_endless_task_with_demonstrations(task: Any) -> None:
    assert isinstance(task, Task) and isinstance(task, Demonstrates)
    assert task.size("train") is None and task.size("test") is None


@every
def test_splits_are_disjoint_over_all_seeds(task: Any) -> None:
    prompts = {s: {t.item(s, i).prompt for t in (task, seeded(task, 1)) for i in range(1500)} for s in SPLITS}
    assert len(set().union(*prompts.values())) == sum(map(len, prompts.values()))


@pytest.mark.parametrize("name", TASKS)
def test_the_items_of_the_test_split_never_change(name: str) -> None:
    items = [TASKS[name].item("test", i) for i in range(300)]
    assert tuple(item.prompt for item in items[:3]) == TEST_PROMPTS[name]
    lines = "\n".join(f"{item.id} {item.prompt} {item.target}" for item in items)
    assert hashlib.sha256(lines.encode()).hexdigest() == TEST_ITEMS[name]


@pytest.mark.parametrize("run", ["quick/learning/grpo/seed-1", "hacking/learning/ppo-few/seed-1"])
def test_committed_records_are_of_these_items(run: str) -> None:
    options = {**read_json(STUDIES / run / "config.json")["config"]["task"]}
    assert options.pop("name") == "sort"
    task = Sort(SortConfig(**options))
    rows = [row for row in read_completions(STUDIES / run / "completions.jsonl.gz") if row.get("held_out")]
    assert len(rows) > 30
    for row in rows:
        item = task.item("test", int(row["item"].rpartition("/")[2]))
        assert (row["item"], row["prompt"], row["target"]) == (item.id, item.prompt, item.target)


@every
def test_items_depend_on_nothing_but_their_address(task: Any) -> None:
    again = seeded(task, task.config.seed)
    assert [again.item("test", i) for i in (7, 3, 7)] == [task.item("test", i) for i in (7, 3, 7)]
    ids = {task.item(split, i).id for split in SPLITS for i in range(100)}
    assert len(ids) == 300
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


def test_habits_have_a_strength_each_evenly_in_its_logarithm() -> None:
    """Shares of right steps: a fifth of the kinds in each fifth of the way from .3 to .01, and none outside."""
    kinds, tries = [f"kind {i}" for i in range(300)], 400
    rng = random.Random(1)
    wrong = {kind: sum(errs(kind, 0.5, rng) for _ in range(tries)) / tries for kind in kinds}
    habits = [share for share in wrong.values() if share]
    assert 0.4 < len(habits) / len(kinds) < 0.6
    assert 0.6 < min(habits) < 0.78
    assert max(habits) > 0.97
    edge = 1 - (MOST_RIGHT * LEAST_RIGHT) ** 0.5  # half of them err more often
    assert 0.35 < sum(share > edge for share in habits) / len(habits) < 0.65
    assert {kind for kind in kinds if errs(kind, 0.2, random.Random(2))} <= {k for k, share in wrong.items() if share}
    assert not any(errs(kind, 0.0, rng) for kind in kinds)


def test_format_is_part_of_correct() -> None:
    verifiers = Tagged(None).verifiers()
    (verdict,) = verifiers["correct"].verify(["<answer>4</answer>"], ["4"])
    assert verdict.reward == 0
    (verdict,) = verifiers["correct"].verify(["<think>a</think><answer>4</answer>"], ["4"])
    assert verdict.reward == 1
