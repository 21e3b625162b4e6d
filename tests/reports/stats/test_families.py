"""Holm over the primary hypotheses, and over nothing else."""

from __future__ import annotations

from rlvr_bench.reports import stats
from tests.reports.decimals import close


def test_holm_by_hand() -> None:
    # sorted .01 .03 .04 times 3 2 1: .03 .06 .04 -> monotone .03 .06 .06
    close(stats.holm([0.04, 0.01, 0.03]), [0.06, 0.03, 0.06])
    close(stats.holm([0.9, 0.8]), [1.0, 1.0])
