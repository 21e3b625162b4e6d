"""Numeric answers in `<answer>` tags or after `####`."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_bench.rewards.numeric import Numeric
from tests import data

ROWS = [
    ("<think>a</think><answer>1,000</answer>", "1000", 1.0, "pass"),
    ("2 + 2 = 4\n#### 4", "4", 1.0, "pass"),
    ("#### $4.00\n", "4", 1.0, "pass"),
    ("#### 4.\nThat is all.", "4", 1.0, "pass"),
    ("####\u22124", "-4", 1.0, "pass"),
    ("#### 3\n#### 4", "4", 1.0, "pass"),
    ("#### 3\n#### 4", "3", 0.0, "wrong"),
    ("#### 3 or 4", "3", 0.0, "wrong"),
    ("<answer>3, 4</answer>", "3", 0.0, "wrong"),
    ("<answer>4 apples or so</answer>", "4", 0.0, "wrong"),
    ("<answer>50%</answer>", "0.5", 1.0, "pass"),
    ("<answer>0.333</answer>", "1/3", 0.0, "wrong"),
    ("#### 0.00001", "1e-5", 1.0, "pass"),
    ("#### 1e3", "1000", 1.0, "pass"),
    ("#### e-5", "1e-5", 0.0, "wrong"),
    ("#### 28 percent", "28%", 1.0, "pass"),
    ("#### 28", "28 percent", 0.0, "wrong"),
    ("<answer>3</answer>\n#### 4", "4", 0.0, "wrong"),
    ("<answer></answer>\n#### 4", "4", 0.0, "no_answer"),
    ("<think>#### 4</think>", "4", 0.0, "no_answer"),
    ("<think>\n#### 4", "4", 0.0, "no_answer"),
    ("#### \n4", "4", 0.0, "no_answer"),
    ("The answer is 4", "4", 0.0, "no_answer"),
    ("", "4", 0.0, "no_answer"),
    ("#### " + "4" * 2000, "4", 0.0, "wrong"),
]


@pytest.mark.parametrize(("completion", "target", "reward", "outcome"), ROWS)
def test_table(completion, target, reward, outcome):
    (verdict,) = Numeric().verify([completion], [target])
    assert (verdict.reward, verdict.outcome) == (reward, outcome)


@pytest.mark.parametrize("file", data.files("adversarial.jsonl"))
def test_numbers_of_the_adversarial_sample(file):
    """Rows about numbers in a box, with the box's content as the answer: boxes belong to the math verifier."""
    graded = {}
    for row in (row for row in data.rows(file) if row["kind"] == "math"):
        boxes = re.findall(r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}", row["completion"])
        if boxes and re.fullmatch(r"[0-9.]+", row["target"]):
            (verdict,) = Numeric().verify([f"<answer>{boxes[-1]}</answer>"], [row["target"]])
            graded[row["id"]] = verdict.reward == row["expected"]
    assert len(graded) >= 7
    assert all(graded.values()), graded


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<answer>", "</answer>", "####", "4", " ", "\n", "or", "²", "%"]))
)
def test_never_raises(pieces):
    (verdict,) = Numeric().verify(["".join(pieces)], ["4"])
    assert verdict.reward in (0, 1)


def test_votes_count_values_not_spellings():
    spellings = ["#### 1,000", "<answer>1000.0</answer>", "<answer>\\$1{,}000</answer>"]
    assert {Numeric().answer(text) for text in spellings} == {"1000"}
    assert Numeric().answer("#### 3 or 4") == "3 or 4"
    assert Numeric().answer("4") is None


def test_bad_targets():
    for target in ("four", 4, None):
        with pytest.raises(ValueError, match="target of a numeric answer"):
            Numeric().verify([""], [target])
