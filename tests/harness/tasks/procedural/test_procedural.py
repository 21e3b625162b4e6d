"""Sort and chain: right answers, exact splits, stable items, demonstrations of the promised quality."""

import re

import pytest

from rlvr_bench.harness.tasks.procedural.chain import Chain, ChainConfig
from rlvr_bench.harness.tasks.procedural.sort import Sort, SortConfig
from rlvr_bench.harness.tasks.seeds import item_seed, split_of
from rlvr_bench.harness.tasks.types import Demonstrates, Item, Task, TaskError

TASKS = [Sort(SortConfig()), Chain(ChainConfig()), Chain(ChainConfig(min_steps=1, max_steps=9, modulus=7))]
both = pytest.mark.parametrize("task", TASKS, ids=["sort", "chain", "chain mod 7"])


def oracle(task, prompt: str) -> str:
    if isinstance(task, Sort):
        counts = {digit: prompt.count(digit) for digit in "0123456789"}
        return "".join(digit * count for digit, count in counts.items())
    first, *rest = re.findall(r"[-+*]?[0-9]", prompt)
    expression = "(" * len(rest) + first + "".join(f"{step})" for step in rest)
    return str(eval(expression) % task.config.modulus)  # one modulo at the end: the same ring


@both
def test_targets_are_right_and_lengths_within_bounds(task):
    items = [task.item("train", i) for i in range(300)]
    assert [item.target for item in items] == [oracle(task, item.prompt) for item in items]
    low, high, *_ = vars(task.config).values()
    assert {next(iter(item.meta.values())) for item in items} == set(range(low, high + 1))
    assert task.size("train") is None and task.size("test") is None
    assert isinstance(task, Task) and isinstance(task, Demonstrates)


@both
def test_splits_are_disjoint_over_all_seeds(task):
    other = type(task)(type(task.config)(**{**vars(task.config), "seed": 1}))
    prompts = {s: {t.item(s, i).prompt for t in (task, other) for i in range(2000)} for s in ("train", "test")}
    assert not prompts["train"] & prompts["test"]
    assert min(map(len, prompts.values())) > 2000  # different seeds give different items


@both
def test_items_depend_on_nothing_but_their_address(task):
    again = type(task)(task.config)
    assert [again.item("test", i) for i in (7, 3, 7)] == [task.item("test", i) for i in (7, 3, 7)]
    ids = {task.item(split, i).id for split in ("train", "test") for i in range(100)}
    assert len(ids) == 200
    with pytest.raises(IndexError):
        task.item("train", -1)


def test_literal_items():
    """Stable over runs and versions: a change here changes every recorded result."""
    assert TASKS[0].item("test", 0).prompt == "sort 0 0 9 4 6 8 5 0:"
    assert TASKS[1].item("test", 0).prompt == "5-6-8*8+5+2:"


@pytest.mark.parametrize("make", [lambda s: Sort(SortConfig(seed=s)), lambda s: Chain(ChainConfig(seed=s))])
def test_seed_and_index_do_not_add_up(make):
    assert make(42).item("train", 1).prompt != make(43).item("train", 0).prompt
    pairs = [
        (make(s).item("train", i).prompt, make(s + 1).item("train", i - 1).prompt) for s in range(9) for i in (1, 2)
    ]
    assert all(a != b for a, b in pairs)


def test_item_seed_and_split_of():
    parts = [("a", 1), ("a", "1"), ("a1",), (1, "a"), ("a", 1, 0), ("a", True), ("a", 1.0)]
    assert len({item_seed(*p) for p in parts}) == len(parts)
    # first 8 bytes of sha256('["a", 1]')
    assert item_seed("a", 1) == 0x2657442BB4A48D62
    share = sum(split_of(str(i), 1 / 8) == "test" for i in range(8000)) / 8000
    assert abs(share - 1 / 8) < 0.015  # four standard deviations
    assert split_of("\ud800", 1.0) == "test" and split_of("\ud800", 0.0) == "train"


@both
@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
def test_demonstrations(task, noise):
    items = [task.item("train", i) for i in range(1500)]
    shown = [task.demonstration(item, noise=noise, seed=0) for item in items]
    verifiers, targets = task.verifiers(), [item.target for item in items]
    assert {v.outcome for v in verifiers["format"].verify(shown, targets)} == {"pass"}
    right = sum(v.reward or 0 for v in verifiers["correct"].verify(shown, targets)) / len(items)
    assert abs(right - (1 - noise)) <= (0.05 if 0 < noise < 1 else 0)  # four standard deviations
    assert [task.demonstration(item, noise=noise, seed=0) for item in items[:50]] == shown[:50]
    if noise == 0.3:
        assert [task.demonstration(item, noise=noise, seed=1) for item in items[:50]] != shown[:50]


def test_literal_demonstrations():
    sort = Item("x", "sort 3 9 1 4:", "1349")
    assert TASKS[0].demonstration(sort, noise=0, seed=0) == "<think>3914</think><answer>1349</answer>"
    chain = Item("x", "7+3*2-5:", "5")
    shown = TASKS[1].demonstration(chain, noise=0, seed=0)
    assert shown == "<think>7+3=0;0*2=0;0-5=5</think><answer>5</answer>"
    assert TASKS[0].answer(shown) == TASKS[1].answer(shown) == "5"


@both
def test_format_is_part_of_correct(task):
    item = task.item("test", 0)
    (verdict,) = task.verifiers()["correct"].verify([f"<answer>{item.target}</answer>"], [item.target])
    assert verdict.reward == 0
    with pytest.raises(ValueError, match="noise"):
        task.demonstration(item, noise=1.5, seed=0)


def test_bad_configs_name_every_field():
    with pytest.raises(ValueError, match=r"min_digits .*max_digits .*must be at most 64"):
        SortConfig(min_digits=1, max_digits=65)
    with pytest.raises(ValueError, match=r"must not be below"):
        SortConfig(min_digits=5, max_digits=4)
    with pytest.raises(ValueError, match=r"min_steps .*max_steps .*modulus"):
        ChainConfig(min_steps=0, max_steps=-1, modulus=1)


def test_an_empty_split_is_an_error(monkeypatch):
    monkeypatch.setattr("rlvr_bench.harness.tasks.procedural.draw.split_of", lambda text, share: "train")
    with pytest.raises(TaskError, match="no prompt falls in the split test"):
        TASKS[0].item("test", 0)
