"""Holm over the primary hypotheses, and over nothing else."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_bench.reports import stats
from rlvr_bench.reports.stats import Judgment, Outcome, PairedTest, judge, verdicts
from tests.reports.decimals import close


def test_holm_by_hand() -> None:
    # sorted .01 .03 .04 times 3 2 1: .03 .06 .04 -> monotone .03 .06 .06
    close(stats.holm([0.04, 0.01, 0.03]), [0.06, 0.03, 0.06])
    close(stats.holm([0.9, 0.8]), [1.0, 1.0])


def judged(p: float, outcome: Outcome = "supported") -> Judgment:
    """A conclusion that rests on this p."""
    test = PairedTest(kind="greater", scale="difference", margin=0.0, estimate=1.0, low=0.5, high=1.5, level=0.95,
                      p=p, p_against=1.0, n=3)  # fmt: skip
    return Judgment(outcome=outcome, reason="it is so", n=3, planned=3, test=test)


def test_the_primary_are_corrected_together() -> None:
    # .04 .01 .03 -> .06 .03 .06: only the second survives
    found = verdicts({"a": judged(0.04), "b": judged(0.01), "c": judged(0.03)}, ["a", "b", "c"])
    assert {i: v.outcome for i, v in found.items()} == {"a": "inconclusive", "b": "supported", "c": "inconclusive"}
    close([v.p_holm or 0 for v in found.values()], [0.06, 0.03, 0.06])
    assert "does not survive Holm's correction" in found["a"].reason
    assert found["b"].reason == "it is so"


def test_descriptive_results_are_never_in_the_family() -> None:
    found = verdicts({"main": judged(0.03), "other": judged(0.04)}, ["main"])
    assert [(v.outcome, v.primary, v.p_holm) for v in found.values()] == [
        ("supported", True, 0.03),
        ("supported", False, None),
    ]


def test_the_undecidable_keep_their_place() -> None:
    # the family stays two: 2 * .03 = .06
    found = verdicts({"main": judged(0.03), "failed": judged(0.0001, "undecidable")}, ["main", "failed"])
    assert (found["main"].outcome, found["failed"].outcome) == ("inconclusive", "undecidable")
    assert found["failed"].p_holm == 1.0


def test_a_family_without_all_of_its_judgments_is_refused() -> None:
    with pytest.raises(ValueError, match=r"primary hypotheses lost"):
        verdicts({"main": judged(0.03)}, ["main", "lost"])


chance = st.floats(0, 1)


@given(st.lists(chance, min_size=1, max_size=4), st.lists(chance, max_size=6), st.randoms(use_true_random=False))
def test_no_descriptive_test_changes_a_verdict(primary: list[float], more: list[float], random: Random) -> None:
    named = {f"p{i}": judged(p) for i, p in enumerate(primary)}
    alone = verdicts(named, list(named))
    mixed = [*named.items(), *((f"d{i}", judged(p)) for i, p in enumerate(more))]
    random.shuffle(mixed)
    together = verdicts(dict(mixed), list(named))
    assert {i: together[i] for i in named} == alone


def test_a_family_errs_in_at_most_five_of_a_hundred_studies() -> None:
    random = np.random.default_rng(3)
    wrong = 0
    for _ in range(300):
        # Four true differences of 0, which is neither above nor below 0.
        found = {
            str(i): judge("greater", random.normal(size=10), np.zeros(10), margin=0.0, planned=10) for i in range(4)
        }
        wrong += any(v.outcome in ("supported", "refuted") for v in verdicts(found, list(found)).values())
    assert 0 < wrong / 300 < 0.09  # 5 +- 3.8; without the correction 18.5
