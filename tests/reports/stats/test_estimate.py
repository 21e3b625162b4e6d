"""A number with its interval."""

from __future__ import annotations

import numpy as np

from rlvr_bench.reports import stats


def test_one_value_alone_has_no_interval() -> None:
    assert stats.Estimate(1.0, 0.5, 1.5, 3, "t").known
    assert not stats.Estimate(1.0, None, None, 1, "single").known


def test_each_number_starts_from_the_same_generator() -> None:
    first = stats.rng().integers(0, 1000, 5)
    assert np.array_equal(first, stats.rng().integers(0, 1000, 5))
