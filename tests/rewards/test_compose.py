"""Composition of verdicts."""

import math

import pytest

from rlvr_bench.rewards.compose import AllOf, weighted_sum
from rlvr_bench.rewards.exact import ExactAnswer
from rlvr_bench.rewards.format import Format
from rlvr_bench.rewards.types import PASS, Verdict, Verifier, wrong

INFRA = Verdict(None, "infra", "worker died")


class Fixed(Verifier):
    """Always gives the same verdicts."""

    def __init__(self, *verdicts: Verdict) -> None:
        self.verdicts, self.closed = list(verdicts), 0

    def verify(self, completions, targets):
        return self.verdicts

    def close(self):
        self.closed += 1


def test_all_of_needs_shape_and_answer():
    both = AllOf(format=Format(), correct=ExactAnswer())
    completions = [
        "<think>a</think><answer>4</answer>",
        "<answer>4</answer>",
        "<think>a</think><answer>5</answer>",
        "4",
    ]
    verdicts = both.verify(completions, ["4"] * 4)
    assert [v.reward for v in verdicts] == [1.0, 0.0, 0.0, 0.0]
    assert [v.outcome for v in verdicts] == ["pass", "wrong", "wrong", "wrong"]
    assert [v.detail for v in verdicts[1:3]] == ["does not start with <think>", "answered '5'"]
    assert isinstance(both, Verifier)


def test_first_failing_component_names_the_outcome_and_infra_wins():
    first = Fixed(PASS, wrong("a"), wrong("a"), PASS, Verdict(0.5, "timeout", "late"))
    second = Fixed(PASS, wrong("b", "no_answer"), INFRA, INFRA, PASS)
    verdicts = AllOf(first=first, second=second).verify([""] * 5, [""] * 5)
    assert verdicts == [PASS, wrong("a"), INFRA, INFRA, wrong("late", "timeout")]


def test_close_reaches_every_component():
    parts = Fixed(), Fixed()
    both = AllOf(a=parts[0], b=parts[1])
    both.close()
    both.close()
    assert [part.closed for part in parts] == [2, 2]


def test_tier_and_retries_of_what_it_wraps_are_seen():
    class Code(Fixed):
        tier, retries = "bwrap", 2

    class Other(Fixed):
        tier, retries = "landlock", 3

    both = AllOf(plain=Fixed(), code=Code(), other=Other())
    assert (both.tier, both.retries) == ("bwrap", 5)
    without = AllOf(plain=Fixed())
    assert (without.tier, without.retries) == (None, 0)


def test_refusals():
    with pytest.raises(ValueError, match="at least one"):
        AllOf()
    with pytest.raises(ValueError, match="a gave 1 verdicts for 2"):
        AllOf(a=Fixed(PASS)).verify(["", ""], ["", ""])


def test_weighted_sum():
    verdicts = {"correct": [PASS, wrong(), PASS, INFRA], "format": [PASS, PASS, INFRA, PASS]}
    # 1 x 1 + 0.25 x 1, 1 x 0 + 0.25 x 1, a verdict missing, a verdict missing
    assert weighted_sum(verdicts, {"correct": 1, "format": 0.25}) == [1.25, 0.25, None, None]
    # what has no weight, or weight 0, is only logged and masks nothing
    assert weighted_sum(verdicts, {"correct": 2}) == [2.0, 0.0, 2.0, None]
    assert weighted_sum(verdicts, {"correct": 0, "format": -1}) == [-1.0, -1.0, None, -1.0]
    assert weighted_sum(verdicts, {}) == [0.0] * 4
    assert weighted_sum({"correct": []}, {"correct": 1}) == []


@pytest.mark.parametrize("weights", [{"speed": 1}, {"correct": math.nan}, {"correct": math.inf}])
def test_bad_weights(weights):
    with pytest.raises(ValueError, match="weights"):
        weighted_sum({"correct": [PASS]}, weights)


def test_columns_of_different_lengths():
    with pytest.raises(ValueError, match="different lengths"):
        weighted_sum({"a": [PASS], "b": []}, {"a": 1})
