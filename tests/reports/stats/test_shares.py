"""Shares and their intervals against published and hand-worked numbers."""

from __future__ import annotations

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
