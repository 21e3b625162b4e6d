"""Exact comparison of the tagged answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_bench.rewards.answer_region import tagged_answer
from rlvr_bench.rewards.exact import ExactAnswer

ROWS = [
    ("<think>3914</think><answer>1349</answer>", "1349", 1.0, "pass"),
    ("<answer>\n 1349 \t</answer>", "1349", 1.0, "pass"),
    ("<answer>1</answer><answer>2</answer>", "2", 1.0, "pass"),
    ("<answer>1</answer><answer>2</answer>", "1", 0.0, "wrong"),
    ("<answer>1</answer><answer>2", "1", 1.0, "pass"),
    ("<answer>1</answer> or </answer>", "1", 1.0, "pass"),
    ("<answer>1<answer>2</answer>", "2", 1.0, "pass"),
    ("<think><answer>1</answer></think><answer>2</answer>", "1", 0.0, "wrong"),
    ("<think>a</think><answer>1</answer><think>b</think>", "1", 0.0, "no_answer"),
    ("<think>a</think><answer>1</answer><think>b<answer>2</answer>", "2", 0.0, "no_answer"),
    ("<think>a<answer>2</answer>", "2", 0.0, "no_answer"),
    ("a</think><answer>2</answer>", "2", 1.0, "pass"),
    ("<answer>01349</answer>", "1349", 0.0, "wrong"),
    ("<answer>１349</answer>", "1349", 0.0, "wrong"),
    ("<answer>1349\u00a0</answer>", "1349", 0.0, "wrong"),
    ("<answer> </answer>", "1349", 0.0, "no_answer"),
    ("<answer>1349", "1349", 0.0, "no_answer"),
    ("1349</answer>", "1349", 0.0, "no_answer"),
    ("<ANSWER>1349</ANSWER>", "1349", 0.0, "no_answer"),
    ("1349", "1349", 0.0, "no_answer"),
    ("", "1349", 0.0, "no_answer"),
]


@pytest.mark.parametrize(("completion", "target", "reward", "outcome"), ROWS)
def test_table(completion, target, reward, outcome):
    (verdict,) = ExactAnswer().verify([completion], [target])
    assert (verdict.reward, verdict.outcome) == (reward, outcome)


@given(st.lists(st.sampled_from(["<think>", "</think>", "<answer>", "</answer>", " ", "4", "\x00", "\ud800"])))
def test_never_raises_and_agrees_with_the_vote(pieces):
    completion = "".join(pieces)
    (verdict,) = ExactAnswer().verify([completion], ["4"])
    assert (verdict.outcome == "no_answer") == (tagged_answer(completion) is None)
    assert (verdict.outcome == "pass") == (tagged_answer(completion) == "4")
    assert ExactAnswer().answer(completion) == tagged_answer(completion)


def test_bad_calls():
    verifier = ExactAnswer()
    with pytest.raises(TypeError, match="is a string, got 4"):
        verifier.verify(["<answer>4</answer>"], [4])
    with pytest.raises(ValueError, match="shorter"):
        verifier.verify(["a", "b"], ["4"])
