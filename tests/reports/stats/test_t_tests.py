"""Paired tests and the intervals that decide them, against numbers worked by hand."""

from __future__ import annotations

import math

from rlvr_bench.reports import stats
from tests.reports.decimals import close


def test_t_test_and_tost_by_hand() -> None:
    # mean 2, se .577350: t = 3.464102 with 2 degrees of freedom; two-sided p = 1 - t / sqrt(t^2 + 2) = .0741799
    close(stats.t_test([1, 2, 3], 0.0), 1 - math.sqrt(12 / 14), places=6)
    # inside (-2, 6) the two one-sided tests have t = 6.9282 each: p = (1 - sqrt(48 / 50)) / 2
    close(stats.tost([1, 2, 3], -2.0, 6.0), (1 - math.sqrt(48 / 50)) / 2, places=6)
    assert stats.tost([7, 8, 9], -2.0, 6.0) > 0.5
    assert (stats.t_test([2, 2], 1.0), stats.t_test([2, 2], 2.0), stats.tost([2, 2], 1, 3)) == (0.0, 1.0, 0.0)
