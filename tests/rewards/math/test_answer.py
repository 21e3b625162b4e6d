"""Where the answer of a mathematical completion is."""

from __future__ import annotations

import pytest

from rlvr_bench.rewards.math.answer import last_box, math_answer


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        ("\\boxed{42}", "42"),
        ("\\boxed{42} no wait, \\boxed{41}", "41"),
        ("\\boxed{41} and \\boxed{42", "41"),
        ("\\boxed{\\boxed{42}}", "{42}"),
        ("\\boxed{\\boxed{42}", "42"),
        ("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        ("\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"),
        ("\\boxed{a\\}b}", "a\\}b"),
        ("} \\boxed{5}", "5"),
        ("\\boxed{}", None),
        ("\\boxed{ \n}", None),
        ("42", None),
        ("The answer is 42.", None),
        ("\\boxed{" + "1" * 1001 + "}", None),
        ("<answer>42</answer>", "42"),
        ("<answer>it is \\boxed{41} or \\boxed{42}</answer>", "42"),
        ("<answer>41</answer><answer>42</answer>", "42"),
        ("\\boxed{41}<answer>42</answer>", "42"),
        ("<answer>42</answer>\\boxed{41}", "42"),
        ("<answer> </answer>\\boxed{41}", None),
        ("<think>\\boxed{41}</think>\\boxed{42}", "42"),
        ("<think>\\boxed{41}</think>", None),
        ("<think>\\boxed{41}", None),
        ("</think>\\boxed{41}<think>", None),
        ("\\boxed{41}</think>\\boxed{42}", "42"),
    ],
)
def test_where_the_answer_is(completion: str, answer: str | None) -> None:
    assert answer == math_answer(completion)


def test_hostile_lengths_take_linear_time(ends_within) -> None:
    with ends_within(20):
        for hostile in ("\\boxed{" * 100_000, "{" * 500_000, "\\boxed{" * 50_000 + "}" * 50_000, "\\" * 500_001):
            last_box(hostile)
