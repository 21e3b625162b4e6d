"""Bad rows are named, the first few of them."""

from __future__ import annotations

import pytest

from rlvr_bench.harness.tasks.datasets.rows import SHOWN, gold_problems, hold_out, refuse_rows
from rlvr_bench.harness.tasks.types import TaskError
from rlvr_bench.rewards.numeric import Numeric


def test_no_bad_row_is_no_error() -> None:
    refuse_rows("a.jsonl", [])


def test_the_first_few_are_named_and_the_rest_counted() -> None:
    with pytest.raises(TaskError) as caught:
        refuse_rows("a.jsonl", [f"row {n}: bad" for n in range(SHOWN + 2)])
    head, *lines = str(caught.value).split("\n  ")
    assert head == f"a.jsonl: {SHOWN + 2} bad rows"
    assert lines == [*(f"row {n}: bad" for n in range(SHOWN)), "and 2 more"]


def test_gold_answers_are_named_by_their_place() -> None:
    problems = gold_problems(Numeric, {("train", 3): "4", ("train", 5): "four", ("test", 1): 4})
    assert list(problems) == [("train", 5), ("test", 1)]
    assert all("a number in a string" in reason for reason in problems.values())


def test_rows_that_are_held_out_and_the_others_keep_their_order() -> None:
    assert hold_out(iter([3, 4, 1, 2, 6]), lambda n: n % 2 == 0) == ([3, 1], [4, 2, 6])
    assert hold_out([], bool) == ([], [])
