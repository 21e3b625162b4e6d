"""Where a completion gives its answer."""

import pytest

from rlvr_bench.rewards.answer_region import answer_region, tagged, tagged_answer


def test_region():
    assert answer_region("<think>a</think>b</think>c") == "c"
    assert answer_region("plain") == "plain"
    assert answer_region("<think>a") is None


@pytest.mark.parametrize(
    ("region", "content"),
    [
        ("<answer>1</answer>", "1"),
        ("<answer>\n 1 \t</answer>", "1"),
        ("<answer> </answer>", ""),
        ("<answer>1</answer><answer>2</answer> </answer>", "2"),
        ("<answer>1</answer><answer>2", "1"),
        ("<answer>1<answer>2</answer>", "2"),
        ("</answer><answer>", None),
        ("1", None),
    ],
)
def test_tagged(region, content):
    assert tagged(region) == content


def test_tagged_answer():
    assert tagged_answer("<think><answer>1</answer></think><answer>2</answer>") == "2"
    assert tagged_answer("<answer> </answer>") is None
    assert tagged_answer("<think><answer>1</answer>") is None


def test_hostile_lengths_take_linear_time(ends_within):
    with ends_within(10):
        for completion in ("<answer>" * 50_000, "</answer>" * 45_000, "<answer></answer>" * 20_000, "<think>" * 50_000):
            tagged_answer(completion)
