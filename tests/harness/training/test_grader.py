"""Verdicts of every component, the weighted reward, and the truth beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from rlvr_bench.harness.config.schema import RewardConfig
from rlvr_bench.harness.tasks.types import Item, TaskError
from rlvr_bench.harness.training.grader import Grader, Grades
from rlvr_bench.rewards.types import PASS, Verdict, Verifier, wrong

INFRA = Verdict(None, "infra")


class Fixed(Verifier):
    """The same verdicts, whatever it is given."""

    def __init__(self, verdicts: Sequence[Verdict], *, retries: int = 0, tier: str | None = None) -> None:
        self.verdicts, self.asked, self.closed = list(verdicts), retries, 0
        self.where = tier

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        return self.verdicts[: len(completions)]

    @property
    def retries(self) -> int:
        return self.asked

    @property
    def tier(self) -> str | None:
        return self.where

    def close(self) -> None:
        self.closed += 1


class Task:
    """A task that is nothing but its verifiers."""

    def __init__(self, **verifiers: Verifier) -> None:
        self.made = verifiers

    def verifiers(self) -> dict[str, Verifier]:
        return dict(self.made)


def grader(task: Task, seed: int = 0, **settings: Any) -> Grader:
    return Grader(task, RewardConfig(**settings), seed=seed)  # type: ignore[arg-type]


def test_the_reward_is_the_weighted_sum() -> None:
    task = Task(correct=Fixed([PASS, wrong(), PASS, INFRA]), style=Fixed([Verdict(0.5, "pass"), PASS, INFRA, PASS]))
    grades = grader(task, components={"correct": 2.0, "style": 1.0})(["a"] * 4, [None] * 4)
    assert list(grades.rewards) == [2.5, 1.0, None, None]
    assert list(grades.true) == [PASS, wrong(), PASS, INFRA]
    assert grades.valid == [0, 1]


class Telling(Task):
    """One that tells kinds of wrong completions apart."""

    def fault(self, item: Item, completion: str) -> str:
        return f"{completion} for {item.target}"


def test_what_is_wrong_has_a_kind_where_the_task_tells_kinds_apart() -> None:
    item, judge = Item("x", "?", 7), grader(Telling(correct=Fixed([])))
    assert [judge.fault(item, "8", verdict) for verdict in (wrong(), PASS, INFRA)] == ["8 for 7", None, None]
    assert grader(Task(correct=Fixed([]))).fault(item, "8", wrong()) is None


def test_a_component_without_weight_is_recorded_and_not_rewarded() -> None:
    task = Task(correct=Fixed([PASS, wrong()]), style=Fixed([wrong(), PASS]))
    grades = grader(task)(["a", "b"], [None, None])
    assert list(grades.rewards) == [1.0, 0.0]
    assert grades.component_means() == {"correct": 0.5, "style": 0.5}


def test_what_has_no_truth_is_not_trained_on() -> None:
    """Although its reward, of another component, is known."""
    task = Task(correct=Fixed([INFRA, PASS]), style=Fixed([PASS, PASS]))
    grades = grader(task, components={"style": 1.0})(["a", "b"], [None, None])
    assert list(grades.rewards) == [1.0, 1.0]
    assert grades.valid == [1]


def test_right_ones_among_those_with_a_verdict() -> None:
    grades = Grades({"correct": [PASS, wrong(), INFRA, PASS]}, [1.0, 0.0, None, None])
    assert (grades.valid, grades.right) == ([0, 1], [True, False])
    assert Grades({"correct": [INFRA]}, [None]).right == []


def test_means_and_shares_by_hand() -> None:
    grades = Grades({"correct": [PASS, wrong(), INFRA, PASS], "style": [INFRA] * 4}, [None] * 4)
    assert grades.component_means() == {"correct": 2 / 3}
    assert grades.outcome_shares() == {"infra": 0.25, "pass": 0.5, "wrong": 0.25}


@pytest.mark.parametrize(("rates", "expected"), [((1.0, 0.0), [1.0, 1.0]), ((0.0, 1.0), [0.0, 0.0])])
def test_false_verdicts_change_the_reward_and_not_the_truth(rates: tuple[float, float], expected: list[float]) -> None:
    judge = grader(Task(correct=Fixed([PASS, wrong()])), false_positive_rate=rates[0], false_negative_rate=rates[1])
    grades = judge(["a", "b"], [None, None])
    assert list(grades.rewards) == expected
    assert [v.reward for v in grades.true] == [1.0, 0.0]


def test_the_seed_decides_which_verdicts_are_false() -> None:
    texts = [str(i) for i in range(64)]

    def rewards(seed: int) -> list[Any]:
        judge = grader(Task(correct=Fixed([wrong()] * 64)), seed, false_positive_rate=0.5)
        return list(judge(texts, [None] * 64).rewards)

    assert rewards(1) == rewards(1) != rewards(2)
    assert 15 < sum(rewards(1)) < 49


def test_an_unknown_component_is_named_and_what_was_opened_is_closed() -> None:
    verifier = Fixed([])
    with pytest.raises(TaskError, match=r"no elegance, speed \(it has: correct\)"):
        grader(Task(correct=verifier), components={"speed": 1.0, "elegance": 1.0})
    assert verifier.closed == 1


def test_the_verifiers_are_closed_at_the_end_and_after_an_error() -> None:
    one, other = Fixed([]), Fixed([])
    with grader(Task(correct=one, style=other)):
        pass
    assert (one.closed, other.closed) == (1, 1)
    with pytest.raises(LookupError), grader(Task(correct=one)):
        raise LookupError
    assert one.closed == 2


def test_where_code_runs_and_how_often_was_asked_again() -> None:
    judge = grader(Task(correct=Fixed([], retries=2), code=Fixed([], retries=3, tier="landlock")))
    assert (judge.sandbox, judge.retries) == ("landlock", 5)
    assert grader(Task(correct=Fixed([]))).sandbox is None
