"""Shares and their intervals against published and hand-worked numbers."""

from __future__ import annotations

import math

import pytest

from rlvr_bench.reports import stats
from tests.reports.decimals import close


def test_zero_event_bounds_of_the_evidence() -> None:
    # .05^(1/20) = .8609, .05^(1/5) = .5493, .05^(1/3) = .3684
    close([stats.zero_event_upper(n) for n in (20, 5, 3)], [0.1391, 0.4507, 0.6316], places=4)
    assert stats.zero_event_upper(0) == 1.0


def test_share_difference_is_newcombes() -> None:
    # Newcombe 1998, method 10, his first example: 56/70 - 48/80 = .2, interval .0524 to .3339
    found = stats.share_difference(56, 70, 48, 80)
    close([found.value, found.low, found.high], [0.2, 0.0524, 0.3339], places=4)


def test_fisher_exact_by_hand() -> None:
    # 3 of 3 against 0 of 3: 2 of the C(6, 3) = 20 tables are as extreme
    close(stats.fisher_exact(3, 3, 0, 3), 0.1)
    close(stats.fisher_exact(0, 3, 0, 3), 1.0)


def test_fisher_on_one_side_by_hand() -> None:
    # 3 of 3 against 0 of 3: one table of C(6, 3) = 20
    close(stats.fisher_exact(3, 3, 0, 3, alternative="greater"), 1 / 20)
    close(stats.fisher_exact(3, 3, 0, 3, alternative="less"), 1.0)


@pytest.mark.parametrize(
    ("a", "b", "less", "greater"),
    [(3, 17, "supported", "refuted"), (17, 3, "refuted", "supported"), (9, 11, "inconclusive", "inconclusive"),
     (0, 0, "undecidable", "undecidable"), (32, 32, "undecidable", "undecidable")],
)  # fmt: skip
def test_a_difference_of_shares_comes_out_every_way(a: int, b: int, less: str, greater: str) -> None:
    assert stats.judge_shares("less", a, 32, b, 32, planned=32).outcome == less
    assert stats.judge_shares("greater", a, 32, b, 32, planned=32).outcome == greater


def test_fewer_trials_than_planned_decide_nothing() -> None:
    found = stats.judge_shares("less", 0, 23, 20, 32, planned=24)
    assert (found.outcome, found.reason, found.test) == ("undecidable", "23 trials, 24 were planned", None)


def test_of_every_pair_of_counts_interval_and_verdict_agree_and_error_is_bounded() -> None:
    """All 33 x 33 results of two searches with one law: decided wrongly in at most 5 of 100."""
    n = 32
    verdicts = {(a, b): stats.judge_shares("less", a, n, b, n, planned=n) for a in range(n + 1) for b in range(n + 1)}
    for found in verdicts.values():
        assert found.test is not None
        if found.outcome == "supported":
            assert found.test.high < 0
        if found.outcome == "refuted":
            assert found.test.low > 0
    for share in (0.1, 0.3, 0.5):
        law = [math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(n + 1)]
        wrong = sum(law[a] * law[b] for (a, b), f in verdicts.items() if f.outcome in ("supported", "refuted"))
        assert wrong <= 0.05
    # Shares of .2 and .55 are told apart in four studies of five.
    one, two = ([math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)] for p in (0.2, 0.55))
    assert sum(one[a] * two[b] for (a, b), f in verdicts.items() if f.outcome == "supported") > 0.75
