"""Items from reasoning-gym's generators; the package is an extra."""

from __future__ import annotations

import json
import sys
from collections import Counter
from contextlib import closing
from fractions import Fraction

import pytest

from rlvr_bench.harness.tasks.reasoning_gym.task import ReasoningGym, ReasoningGymConfig, _builtin
from rlvr_bench.harness.tasks.types import Demonstrates, Item, Task, TaskError
from rlvr_bench.rewards.sandbox import values


def test_the_missing_package_is_an_error_with_its_remedy(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "reasoning_gym", None)
    with pytest.raises(TaskError, match=r"cannot be imported .*pip install 'rlvr-bench\[tasks\]'"):
        ReasoningGym(ReasoningGymConfig(dataset="leg_counting"))


def test_metadata_of_no_builtin_type_is_recorded_by_the_name_of_the_type() -> None:
    form = _builtin(values.encode([Counter("a"), Fraction(1, 2), object(), (1, {2: "x"})]))
    assert values.decode(form) == ["Counter", "Fraction", "object", (1, {2: "x"})]


def test_unknown_generators_and_bad_options(gym) -> None:
    with pytest.raises(TaskError, match="no generator 'leg_count'; did you mean leg_counting"):
        ReasoningGym(ReasoningGymConfig(dataset="leg_count"))
    with pytest.raises(TaskError, match=r"no generator 'composite'.*"):
        ReasoningGym(ReasoningGymConfig(dataset="composite"))
    with pytest.raises(TaskError, match=r"options: the generator 'leg_counting' refuses them .*legs"):
        ReasoningGym(ReasoningGymConfig(dataset="leg_counting", options={"legs": 3}))
    with pytest.raises(ValueError, match=r"dataset .*options: seed .*options: size .*template"):
        ReasoningGymConfig(dataset="", options={"seed": 1, "size": 2}, template="x")


@pytest.mark.parametrize(
    ("dataset", "answer", "items"),
    [
        ("game_of_life_halting", "'no such answer 0123456789'", 10),  # its scorer compares `bool(text)`
        ("puzzle24", "'6\\+6\\+6\\+6'", 10),  # it does not look at the numbers that are given
        ("coin_flip", "'0'", 8),  # the first character of 0.25 is right, and it compares only so many
    ],
)
def test_a_generator_whose_scorer_pays_for_junk_is_refused(gym, dataset: str, answer: str, items: int) -> None:
    message = f"'{dataset}' pays for {answer} on {items} of 10 items whose right answer is another one.*choose another"
    with pytest.raises(TaskError, match=message):
        ReasoningGym(ReasoningGymConfig(dataset=dataset))


def test_a_generator_whose_questions_contain_the_answer_is_refused(gym) -> None:
    with pytest.raises(
        TaskError, match="pays for the last word of the question on 10 of 10 items, so there is nothing"
    ):
        ReasoningGym(ReasoningGymConfig(dataset="string_insertion"))


@pytest.mark.parametrize(
    "dataset", ["course_schedule", "syllogism", "polynomial_equations", "number_format", "countdown"]
)
def test_answers_that_are_sometimes_right_are_honest(gym, dataset: str) -> None:
    assert ReasoningGym(ReasoningGymConfig(dataset=dataset)).config.dataset == dataset


def test_items(gym) -> None:
    task, other = (
        ReasoningGym(ReasoningGymConfig(dataset="chain_sum", options={"max_terms": 3}, seed=seed)) for seed in (0, 1)
    )
    assert isinstance(task, Task) and task.size("train") is None
    prompts = {
        s: {t.item(s, i).prompt for t in (task, other) for i in range(60)} for s in ("train", "validation", "test")
    }
    assert len(set().union(*prompts.values())) == sum(map(len, prompts.values()))
    assert min(map(len, prompts.values())) > 110
    sums = [task.item("test", i).target["question"].rpartition(": ")[2] for i in range(3)]
    assert sums == ["6419 + 6483 =", "4464 - 7897 =", "1 + 7 ="]  # as before there was a split for validation
    assert task.item("train", 1).prompt != other.item("train", 0).prompt
    assert task.item("test", 5) == ReasoningGym(task.config).item("test", 5)
    item = task.item("train", 0)
    assert item.target["question"] in item.prompt and "<answer>" in item.prompt
    assert json.loads(json.dumps(item.target)) == item.target
    with pytest.raises(IndexError):
        task.item("train", -1)


def test_demonstrations_answer_and_err_as_asked(gym) -> None:
    options = {"min_digits": 1, "max_digits": 2, "max_terms": 3}
    task = ReasoningGym(ReasoningGymConfig(dataset="chain_sum", options=options))
    assert isinstance(task, Demonstrates)
    items = [task.item("train", i) for i in range(60)]

    def right(**shares: float) -> float:
        shown = [task.demonstration(item, seed=7, **{"noise": 0.0, **shares}) for item in items]
        assert shown == [task.demonstration(item, seed=7, **{"noise": 0.0, **shares}) for item in items]
        verdicts = verifier.verify(shown, [item.target for item in items])
        return sum(verdict.reward or 0.0 for verdict in verdicts) / len(items)

    with closing(task.verifiers()["correct"]) as verifier:
        assert right() == 1.0
        assert right(noise=1.0) == 0.0
        assert right(habit=1.0) < 0.3 < right(habit=0.3) < 1.0
    with pytest.raises(ValueError, match="habit"):
        task.demonstration(items[0], noise=0.0, habit=2.0, seed=0)


def test_a_habit_puts_the_next_character_in_its_order(gym) -> None:
    task = ReasoningGym(ReasoningGymConfig(dataset="chain_sum"))
    item = Item("x", "", {"answer": "-8 9z"})
    shown = {task.demonstration(item, noise=0.0, habit=1.0, seed=seed) for seed in range(2000)}
    assert {s[len("<answer>")] for s in shown} == {"-"}
    assert {s[9] for s in shown} == {"8", "9"} and {s[11] for s in shown} == {"9", "0"}
    assert {s[12] for s in shown} == {"z", "a"}
