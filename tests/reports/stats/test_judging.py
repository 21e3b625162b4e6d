"""What becomes of a proposition: by hand at the edges of each rule, by simulation at the planned numbers of pairs."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from rlvr_bench.reports.stats import Judgment, Kind, Outcome, Range, floored, judge

ACCURACY = Range(0.0, 1.0)
B = np.full(3, 0.5)


def three(difference: float) -> np.ndarray:
    """Pairs with B whose mean difference is this and whose standard deviation is .001: half widths .001686, .002484."""
    return B + difference + np.array([-0.001, 0.0, 0.001])


@pytest.mark.parametrize(
    ("kind", "difference", "outcome"),
    [
        # 90 %: the interval ends .001686 from the mean, the margin is .02
        ("equivalent", 0.0, "supported"),
        ("equivalent", 0.0182, "supported"),
        ("equivalent", 0.0185, "inconclusive"),
        ("equivalent", 0.0215, "inconclusive"),
        ("equivalent", -0.0218, "refuted"),
        # 95 %: .002484 from the mean
        ("greater", 0.0226, "supported"),
        ("greater", 0.0223, "inconclusive"),
        ("greater", 0.0174, "refuted"),
        ("less", -0.0226, "supported"),
        ("less", -0.0177, "inconclusive"),
        ("less", 0.03, "refuted"),
    ],
)
def test_each_rule_at_its_edges(kind: Kind, difference: float, outcome: Outcome) -> None:
    found = judge(kind, three(difference), B, margin=0.02, planned=3, limits=ACCURACY)
    assert found.outcome == outcome, found.reason
    assert (found.p < 0.05) == (outcome != "inconclusive")


def test_ratios_have_their_thresholds_as_ratios() -> None:
    a = [0.59, 0.6, 0.61]
    assert judge("less", a, [1, 1, 1], margin=0.7, planned=3, scale="ratio").outcome == "supported"
    assert judge("less", a, [1, 1, 1], margin=0.5, planned=3, scale="ratio").outcome == "refuted"
    assert judge("equivalent", a, [1, 1, 1], margin=2.0, planned=3, scale="ratio").outcome == "supported"
    assert judge("equivalent", a, [1, 1, 1], margin=1.5, planned=3, scale="ratio").outcome == "refuted"


def test_the_reason_is_a_sentence_with_the_interval_that_decides() -> None:
    found = judge("greater", three(0.03), B, margin=0.02, planned=3)
    assert found.reason == "the 95 % interval [0.02752, 0.03248] lies above 0.02"
    found = judge("less", three(0.03), B, margin=0.02, planned=3)
    assert found.reason == "the 95 % interval [0.02752, 0.03248] lies above -0.02"
    found = judge("equivalent", three(0.02), B, margin=0.02, planned=3)
    assert found.reason == "the 90 % interval [0.01831, 0.02169] reaches over an end of [-0.02, 0.02]"


def test_two_cells_in_which_nothing_was_ever_right_are_undecidable() -> None:
    zeros = [0.0] * 3
    found = judge("equivalent", zeros, zeros, margin=0.02, planned=3)
    assert (found.outcome, found.p) == ("undecidable", 1.0)
    assert "no spread" in found.reason
    told = judge("equivalent", zeros, zeros, margin=0.02, planned=3, limits=Range(0.0, 1.0, floored=True))
    assert told.reason == "floor: both cells stayed at 0 from start to end"


def test_equal_cells_with_a_little_spread_are_equivalent() -> None:
    random = np.random.default_rng(0)
    a, b = (0.915 + random.normal(0, 0.002, 10) for _ in range(2))
    assert judge("equivalent", a, b, margin=0.02, planned=10, limits=ACCURACY).outcome == "supported"


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (judge("greater", [0.9] * 2, [0.1, 0.2], margin=0.02, planned=2), "2 finished pairs, the rule needs 3"),
        (judge("greater", [0.9], [0.1], margin=0.02, planned=3), "1 finished pair, 3 were planned"),
        (judge("greater", [0.9, 0.8, 0.7], [0.1] * 3, margin=0.02, planned=10), "3 finished pairs, 10 were planned"),
        (judge("greater", [], [], margin=0.02, planned=3), "0 finished pairs, 3 were planned"),
        # .9 - .6, .8 - .5 and .7 - .4 differ in their last bits
        (judge("greater", [0.9, 0.8, 0.7], [0.6, 0.5, 0.4], margin=0.02, planned=3), "the same difference"),
        (judge("less", [1.0, 2.0, 3.0], [2.0, 4.0, 6.0], margin=0.9, planned=3, scale="ratio"), "the same ratio"),
        (
            judge("equivalent", [0.99, 0.985, 1.0], [0.99, 1.0, 0.982], margin=0.02, planned=3, limits=ACCURACY),
            "ceiling",
        ),
        (judge("equivalent", [0.01, 0.005, 0.0], [0.01, 0.0, 0.018], margin=0.02, planned=3, limits=ACCURACY), "floor"),
        (
            judge("greater", [0.9, 0.8, 0.7], [0.1] * 3, margin=1.0, planned=3, limits=ACCURACY),
            "no difference can exceed",
        ),
    ],
)
def test_what_could_not_have_come_out_otherwise(found: Judgment, reason: str) -> None:
    assert found.outcome == "undecidable"
    assert reason in found.reason


def test_near_the_ceiling_one_cell_below_it_is_enough() -> None:
    a, b = [0.99, 0.985, 1.0], [0.5, 0.51, 0.49]
    assert judge("equivalent", a, b, margin=0.02, planned=3, limits=ACCURACY).outcome == "refuted"


def test_floored_looks_at_every_evaluation() -> None:
    assert floored([[0.0, 0.0], [0.0]])
    assert not floored([[0.0, 0.1, 0.0], [0.0]])
    assert not floored([])


def rates(kind: Kind, effect: float, n: int, *, repeats: int = 250) -> dict[Outcome, float]:
    """Shares of the outcomes of studies with normal differences of standard deviation .01 and margin .02."""
    random = np.random.default_rng(n)
    counts = Counter(
        judge(kind, 0.5 + random.normal(effect, 0.01, n), np.full(n, 0.5), margin=0.02, planned=n).outcome
        for _ in range(repeats)
    )
    return {o: counts[o] / repeats for o in ("supported", "refuted", "inconclusive")}


@pytest.mark.parametrize("n", [3, 10])
@pytest.mark.parametrize(
    ("kind", "true_at", "false_at"), [("equivalent", 0.0, 0.06), ("greater", 0.06, -0.02), ("less", -0.06, 0.02)]
)
def test_each_rule_comes_out_both_ways_and_errs_rarely(kind: Kind, true_at: float, false_at: float, n: int) -> None:
    right, wrong = rates(kind, true_at, n), rates(kind, false_at, n)
    enough = 0.4 if n == 3 else 0.95  # at 3 pairs a spread of half the margin is found out in half of the studies
    assert right["supported"] > enough
    assert wrong["refuted"] > enough
    assert right["refuted"] == wrong["supported"] == 0.0
    # Where the truth lies exactly on the margin either conclusion is reached in at most 5 of 100 (250: +- 2.8).
    edge = rates(kind, -0.02 if kind == "less" else 0.02, n)
    assert 0 < edge["supported"] < 0.09
    assert 0 < edge["refuted"] < 0.09
