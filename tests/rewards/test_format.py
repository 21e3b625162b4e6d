"""The strict shape: tables, the adversarial sample, fuzzing and hostile lengths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_bench.rewards.format import Format
from tests import data

ROWS = [
    ("<think>3914</think><answer>1349</answer>", 1.0, "compact"),
    (" \n<think>\na\n</think>\n\n<answer>\n2\n</answer>\t", 1.0, "ASCII white space outside and between"),
    ("<think>a < b and b > a</think><answer>2</answer>", 1.0, "angle brackets that are no tags"),
    ("<think>a <thinking> b</think><answer>the answers</answer>", 1.0, "other words"),
    ("", 0.0, "empty"),
    ("<answer>2</answer>", 0.0, "no reasoning"),
    ("<think>a</think>", 0.0, "no answer"),
    ("<think>a<answer>2</answer>", 0.0, "never closed"),
    ("Sure! <think>a</think><answer>2</answer>", 0.0, "text before"),
    ("<think>a</think><answer>2</answer> done", 0.0, "text after"),
    ("<think>a</think> so <answer>2</answer>", 0.0, "text between"),
    ("<think>a</think>\u00a0<answer>2</answer>", 0.0, "no ASCII white space between"),
    ("<think> \n</think><answer>2</answer>", 0.0, "blank reasoning"),
    ("<think>\u00a0</think><answer>2</answer>", 0.0, "blank to the eye"),
    ("<think>a</think><answer> </answer>", 0.0, "blank answer"),
    ("<think>a</think><answer>", 0.0, "open answer"),
    ("<think>a</think><answer></answer>", 0.0, "empty answer"),
    ("<think>a</think></answer>", 0.0, "closing tag alone"),
    ("<Think>a</Think><Answer>2</Answer>", 0.0, "another case"),
    ("<think>a <ANSWER > b</think><answer>2</answer>", 0.0, "another case inside"),
    ("<think>`</ think>`</think><answer>2</answer>", 0.0, "quoted in code"),
    ("<think>a</think><answer>2</answer><answer>3</answer>", 0.0, "two answers"),
    ("<think>a <think", 0.0, "cut off"),
    ("<answer>2</answer><think>a</think>", 0.0, "reversed"),
]


@pytest.mark.parametrize(("completion", "reward", "why"), ROWS, ids=[row[2] for row in ROWS])
def test_table(completion, reward, why):
    (verdict,) = Format().verify([completion], [None])
    assert (verdict.reward, verdict.outcome) == (reward, "pass" if reward else "wrong")
    assert bool(verdict.detail) == (reward == 0)


@pytest.mark.parametrize("file", data.files("adversarial.jsonl"))
def test_adversarial_sample(file):
    rows = [row for row in data.rows(file) if row["kind"] == "format"]
    verdicts = Format().verify([row["completion"] for row in rows], [row["target"] for row in rows])
    assert len(rows) >= 12
    assert {r["id"]: r["expected"] for r in rows} == {r["id"]: v.reward for r, v in zip(rows, verdicts, strict=True)}


@pytest.mark.parametrize(
    "piece",
    [
        "<think>",
        "<think ",
        "<",
        "< /",
        "<///",
        "<answer>",
        "</think>",
        "</think> ",
        "<think>a</think><answer>",
        " \n",
        "/ ",
    ],
)
def test_hostile_lengths_take_linear_time(piece, ends_within):
    """Milliseconds; the net is far below what a quadratic pattern takes."""
    body = piece * (400_000 // len(piece))
    inside = (
        f"<think>{body}</answer>",
        f"<think><{body}</think><answer>2</answer>",
        f"<think>a</think>{body}<answer>2</answer>",
    )
    for completion in (body, *inside):
        with ends_within(5):
            Format().verify([completion], [None])


@given(st.lists(st.sampled_from(["<think>", "</think>", "<answer>", "</answer>", " ", "a", "<", ">", "\x00", "İ"])))
def test_only_one_order_of_pieces_passes(pieces):
    (verdict,) = Format().verify(["".join(pieces)], [None])
    tags = [piece for piece in pieces if len(piece) > 3]
    if verdict.reward:
        assert tags == ["<think>", "</think>", "<answer>", "</answer>"]


@given(st.text())
def test_any_text_inside_never_raises(text):
    outside, inside = Format().verify([text, f"<think>{text}</think><answer>{text}</answer>"], [None, None])
    assert outside.reward == 0
    assert inside.reward in (0, 1)


def test_as_many_targets_as_completions():
    verifier = Format()
    assert verifier.verify([], []) == []
    with pytest.raises(ValueError, match="1 completions, 2 targets"):
        verifier.verify(["a"], [None, None])
