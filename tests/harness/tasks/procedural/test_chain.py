"""Chains of arithmetic: right answers, lengths within bounds, demonstrations of the promised quality."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from rlvr_bench.harness.tasks.procedural.chain import Chain, ChainConfig
from rlvr_bench.harness.tasks.types import Item

CONFIGS = [ChainConfig(), ChainConfig(min_steps=1, max_steps=9, modulus=7), ChainConfig(blanks=True)]


@pytest.fixture(params=CONFIGS, ids=["mod 10", "mod 7", "blanks"])
def task(request: pytest.FixtureRequest) -> Chain:
    return Chain(request.param)


def oracle(prompt: str, modulus: int) -> str:
    first, *rest = re.findall(r"[-+*]?[0-9]", prompt)
    expression = "(" * len(rest) + first + "".join(f"{step})" for step in rest)
    return str(eval(expression) % modulus)  # one modulo at the end: the same ring


def test_targets_are_right_and_lengths_within_bounds(task: Chain) -> None:
    items = [task.item("train", i) for i in range(300)]
    assert [item.target for item in items] == [oracle(item.prompt, task.config.modulus) for item in items]
    assert {item.meta["steps"] for item in items} == set(range(task.config.min_steps, task.config.max_steps + 1))


def test_literals() -> None:
    """Stable over runs and versions: a change here changes every recorded result."""
    task = Chain(ChainConfig())
    assert task.item("test", 0).prompt == "5-6-8*8+5+2:"
    shown = task.demonstration(Item("x", "7+3*2-5:", "5"), noise=0, seed=0)
    assert shown == "<think>7+3=0;0*2=0;0-5=5</think><answer>5</answer>"
    assert task.answer(shown) == "5"


def test_blanks_change_the_prompt_and_nothing_else() -> None:
    """Each step stands as far from its place in the completion as any other."""
    plain, blank = Chain(ChainConfig()), Chain(ChainConfig(blanks=True))
    items = Item("x", "7+3*2-5:", "5"), Item("x", "7+3=_;_*2=_;_-5=_:", "5")
    one, other = (t.demonstration(i, noise=0.5, habit=0.5, seed=3) for t, i in zip((plain, blank), items, strict=True))
    assert one == other
    item = Chain(ChainConfig(min_steps=64, max_steps=64, blanks=True)).item("test", 0)
    steps = blank.demonstration(item, noise=0, seed=0).removeprefix("<think>").partition("</think>")[0]
    assert len(steps) == len(item.prompt) - 1 == 6 * 64 - 1
    assert all(blank in ("_", written) for blank, written in zip(item.prompt, steps, strict=False))


@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
def test_demonstrations(task: Chain, noise: float) -> None:
    items = [task.item("train", i) for i in range(1500)]
    shown = [task.demonstration(item, noise=noise, seed=0) for item in items]
    verifiers, targets = task.verifiers(), [item.target for item in items]
    assert {v.outcome for v in verifiers["format"].verify(shown, targets)} == {"pass"}
    right = sum(v.reward or 0 for v in verifiers["correct"].verify(shown, targets)) / len(items)
    assert abs(right - (1 - noise)) <= (0.05 if 0 < noise < 1 else 0)  # four standard deviations


def test_habits_err_at_some_kinds_of_step_in_one_way() -> None:
    """The written arithmetic is checked here: every slip is one too high, and is carried to the end."""
    task, wrong = Chain(ChainConfig()), defaultdict(list)
    for i in range(1500):
        item = task.item("train", i)
        shown = task.demonstration(item, noise=0.0, habit=0.5, seed=i)
        last = ""
        for left, op, right, result in re.findall(r"(\d)([-+*])(\d)=(\d)", shown):
            exact = {"+": int(left) + int(right), "-": int(left) - int(right), "*": int(left) * int(right)}[op] % 10
            assert int(result) in (exact, (exact + 1) % 10) and last in ("", left)
            wrong[left + op + right].append(int(result) != exact)
            last = result
        assert shown.endswith(f"<answer>{last}</answer>")
    shares = [sum(found) / len(found) for found in wrong.values()]
    habits = [share for share in shares if share]
    assert len(shares) == 270 and 0.4 < len(habits) / 270 < 0.6
    assert sum(habits) / len(habits) > 0.8


def test_bad_configs_name_every_field() -> None:
    with pytest.raises(ValueError, match=r"min_steps .*max_steps .*modulus"):
        ChainConfig(min_steps=0, max_steps=-1, modulus=1)
