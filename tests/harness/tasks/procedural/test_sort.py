"""Sorting: right answers, lengths within bounds, demonstrations of the promised quality."""

from __future__ import annotations

import pytest

from rlvr_bench.harness.tasks.procedural.sort import Sort, SortConfig
from rlvr_bench.harness.tasks.types import Item, TellsFaults


@pytest.fixture
def task() -> Sort:
    return Sort(SortConfig())


def oracle(prompt: str) -> str:
    return "".join(digit * prompt.count(digit) for digit in "0123456789")


def test_targets_are_right_and_lengths_within_bounds(task: Sort) -> None:
    items = [task.item("train", i) for i in range(300)]
    assert [item.target for item in items] == [oracle(item.prompt) for item in items]
    assert {item.meta["digits"] for item in items} == {5, 6, 7, 8}
    assert all(len(item.target) == item.meta["digits"] for item in items)


def test_literals(task: Sort) -> None:
    """Stable over runs and versions: a change here changes every recorded result."""
    assert task.item("test", 0).prompt == "sort 0 0 9 4 6 8 5 0:"
    shown = task.demonstration(Item("x", "sort 3 9 1 4:", "1349"), noise=0, seed=0)
    assert shown == "<think>3914</think><answer>1349</answer>"
    assert task.answer(shown) == "1349"


@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
def test_demonstrations(task: Sort, noise: float) -> None:
    items = [task.item("train", i) for i in range(1500)]
    shown = [task.demonstration(item, noise=noise, seed=0) for item in items]
    verifiers, targets = task.verifiers(), [item.target for item in items]
    assert {v.outcome for v in verifiers["format"].verify(shown, targets)} == {"pass"}
    right = sum(v.reward or 0 for v in verifiers["correct"].verify(shown, targets)) / len(items)
    assert abs(right - (1 - noise)) <= (0.05 if 0 < noise < 1 else 0)  # four standard deviations


def test_habits_put_the_next_greater_digit_first(task: Sort) -> None:
    """With every pair of digits a habit, those that differ mostly change places, and no digit is lost."""
    item, shown = Item("x", "sort 3 9:", "39"), {"93": 0, "39": 0}
    for seed in range(400):
        shown[task.answer(task.demonstration(item, noise=0.0, habit=1.0, seed=seed)) or ""] += 1
    assert shown["93"] > 0.65 * 400 and shown["39"] > 0
    for i in range(200):
        item = task.item("train", i)
        assert sorted(task.answer(task.demonstration(item, noise=0.0, habit=1.0, seed=i)) or "") == sorted(item.target)
    assert "<answer>3399</answer>" in task.demonstration(Item("x", "", "3399"), noise=0.0, habit=0.0, seed=0)


@pytest.mark.parametrize(
    ("completion", "kind"),
    [
        ("<think>3914</think><answer>1394</answer>", "right digits, wrong order"),
        ("<think>3914</think><answer>1359</answer>", "sorted, other digits"),
        ("<think>3914</think><answer>1399</answer>", "sorted, other digits"),
        ("<think>3914</think><answer>12349</answer>", "sorted, too many digits"),
        ("<think>3914</think><answer>139</answer>", "sorted, too few digits"),
        ("<think>3914</think><answer>1395</answer>", "not sorted, other digits"),
        ("<think>3914</think><answer>13492</answer>", "not sorted, too many digits"),
        ("<think>3914</think><answer>91</answer>", "not sorted, too few digits"),
        ("<think>3914</think><answer>1 3 4 9</answer>", "not digits alone"),
        ("<think>3914</think><answer>13a9</answer>", "not digits alone"),
        ("<answer>1349</answer>", "wrong format"),
        ("<think>3914</think><answer>1349</answer>9", "wrong format"),
        ("<think>3914</think><answer>1349", "no answer"),
        ("", "no answer"),
    ],
)
def test_faults_are_told_apart(completion: str, kind: str, task: Sort) -> None:
    item = Item("x", "sort 3 9 1 4:", "1349")
    assert isinstance(task, TellsFaults)
    assert task.verifiers()["correct"].verify([completion], [item.target])[0].reward == 0
    assert task.fault(item, completion) == kind


def test_bad_configs_name_every_field() -> None:
    with pytest.raises(ValueError, match=r"min_digits .*max_digits .*must be at most 64"):
        SortConfig(min_digits=1, max_digits=65)
    with pytest.raises(ValueError, match=r"must not be below"):
        SortConfig(min_digits=5, max_digits=4)
