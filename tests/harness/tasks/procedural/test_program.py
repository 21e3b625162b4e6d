"""Programs for a few steps of arithmetic: right targets, demonstrations, verdicts from the sandbox."""

from __future__ import annotations

import re

import pytest

from rlvr_bench.harness.models.tiny import UNKNOWN, character_tokenizer
from rlvr_bench.harness.tasks.procedural.program import Program, ProgramConfig
from rlvr_bench.harness.tasks.types import Item
from tests.harness.tasks.local_rows import opened

TASK = Program(ProgramConfig())
LONG = Program(ProgramConfig(min_ops=1, max_ops=7, seed=3))
SIGNS = {"add": "+", "minus": "-", "times": "*"}


def oracle(prompt: str, x: int) -> int:
    """Every step in parentheses of its own."""
    steps = re.findall(r"(\w+) (\d)", prompt)
    return eval("(" * len(steps) + str(x) + "".join(f"{SIGNS[word]}{operand})" for word, operand in steps))


def value(completion: str, x: int) -> int:
    """What a demonstration computes; demonstrations are ours, not a model's."""
    space: dict = {}
    exec(completion.removeprefix("```\n").removesuffix("```"), space)
    return space["f"](x)


@pytest.mark.parametrize("task", [TASK, LONG])
def test_targets_are_right(task: Program) -> None:
    items = [task.item("train", i) for i in range(300)]
    assert {item.meta["ops"] for item in items} == set(range(task.config.min_ops, task.config.max_ops + 1))
    for item in items:
        cases = item.target["cases"]
        assert [case["want"] for case in cases] == [oracle(item.prompt, *case["args"]) for case in cases]
        assert len({case["args"][0] for case in cases}) == 4
    assert len({str(item.target["cases"][0]["args"]) for item in items}) > 10


@pytest.mark.parametrize("task", [TASK, LONG])
def test_demonstrations_right_and_wrong(task: Program) -> None:
    items = [task.item("train", i) for i in range(400)]
    for noise, right in ((0.0, {True}), (1.0, {False})):
        shown = [task.demonstration(item, noise=noise, seed=0) for item in items]
        passed = [
            all(value(text, *case["args"]) == case["want"] for case in item.target["cases"])
            for text, item in zip(shown, items, strict=True)
        ]
        assert set(passed) == right
        assert max(map(len, shown)) <= 32 + 4 * max(0, task.config.max_ops - 3)
    assert [task.demonstration(item, noise=1.0, seed=0) for item in items] == shown
    assert [task.demonstration(item, noise=1.0, seed=1) for item in items] != shown


def test_habits_change_the_operand_by_one() -> None:
    item, shown = Item("x", "add 3, times 9:", {"cases": []}), set()
    for seed in range(1000):
        shown.add(TASK.demonstration(item, noise=0.0, habit=1.0, seed=seed).splitlines()[1])
    assert shown == {f"def f(x):return(x+{a})*{b}" for a in (3, 4) for b in (9, 8)}


def test_literals() -> None:
    """Stable over runs and versions: a change here changes every recorded result."""
    item = Item("x", "add 3, times 2, minus 4:", {"cases": []})
    assert TASK.demonstration(item, noise=0, seed=0) == "```\ndef f(x):return(x+3)*2-4\n```"
    item = Item("x", "times 2, minus 4, times 5, times 3:", {"cases": []})
    assert TASK.demonstration(item, noise=0, seed=0) == "```\ndef f(x):return(x*2-4)*5*3\n```"
    assert TASK.item("train", 0).prompt == "add 6, add 3:"


def test_the_tiny_tokenizer_has_every_character() -> None:
    tokenizer = character_tokenizer()
    for i in range(200):
        item = LONG.item("train", i)
        text = item.prompt + LONG.demonstration(item, noise=0.5, seed=0)
        ids = tokenizer(text)["input_ids"]
        assert len(ids) == len(text) and tokenizer.convert_tokens_to_ids(UNKNOWN) not in ids


def test_the_sandbox_does_not_change_the_items() -> None:
    other = Program(ProgramConfig(time_limit_s=1.0, tier="landlock", unsafe_no_sandbox=True))
    assert [other.item("test", i) for i in range(20)] == [TASK.item("test", i) for i in range(20)]


def test_verdicts() -> None:
    verifier = opened(TASK)
    items = [TASK.item("test", i) for i in range(30)]
    targets = [item.target for item in items]
    right, slips = ([TASK.demonstration(item, noise=n, seed=0) for item in items] for n in (0.0, 1.0))
    assert {v.outcome for v in verifier.verify(right, targets)} == {"pass"}
    assert {v.outcome for v in verifier.verify(slips, targets)} == {"wrong"}
    verifier.close()
    assert TASK.answer(right[0]) == right[0].removeprefix("```\n").removesuffix("\n```")


def test_bad_configs_name_every_field() -> None:
    with pytest.raises(ValueError, match=r"time_limit_s .*61.*min_ops .*max_ops must be at most 100"):
        ProgramConfig(time_limit_s=61, min_ops=0, max_ops=101)
    with pytest.raises(ValueError, match="must not be below"):
        ProgramConfig(min_ops=3, max_ops=2)
