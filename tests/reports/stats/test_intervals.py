"""Intervals of means and ratios against numbers worked by hand; how often they hold the truth is in test_coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rlvr_bench.reports import stats
from tests.reports.decimals import close


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_interquartile_mean_cuts_a_quarter_from_either_end() -> None:
    # 8 values: 2 are cut from either end; (3 + 4 + 5 + 6) / 4 = 4.5, for any outliers.
    close(float(stats.interquartile_mean([1, 2, 3, 4, 5, 6, 7, 1000])), 4.5)
    # Below 4 values nothing is cut.
    close(float(stats.interquartile_mean([1, 2, 6])), 3.0)


def test_t_interval_by_hand() -> None:
    # mean 2, sd 1, se 1/sqrt(3) = .577350, t(.975, 2) = 4.302653: half width 2.484138
    found = stats.t_interval([1, 2, 3])
    close([found.value, found.low, found.high], [2.0, 2 - 2.484138, 2 + 2.484138], places=5)
    assert stats.t_interval([5.0]) == stats.Estimate(5.0, None, None, 1, "single")


def test_paired_ratio_is_on_the_log_scale() -> None:
    # log ratios log 2 + (-d, 0, d) with d = .01: se = .01 / sqrt(3), half width 4.302653 * .0057735 = .0248414
    a = [2 * math.exp(x) for x in (-0.01, 0.0, 0.01)]
    found = stats.paired_ratio(a, [1, 1, 1])
    close([found.value, found.low, found.high], [2.0, 2 * math.exp(-0.0248414), 2 * math.exp(0.0248414)], places=5)
    assert found.method == "log t"
    with pytest.raises(ValueError, match="above 0"):
        stats.paired_ratio([1.0], [0.0])


def test_pairing_takes_the_common_part_out() -> None:
    found = stats.paired_difference([11, 21, 31], [10, 20, 30])
    assert (found.low, found.value, found.high) == (1.0, 1.0, 1.0)


def test_many_seeds_use_the_bootstrap_and_its_generator() -> None:
    x = rng(1).normal(size=12)
    found = stats.mean_estimate(x, rng(2))
    assert found.method == "bootstrap"
    assert found == stats.mean_estimate(x, rng(2))
    assert found != stats.mean_estimate(x, rng(3))


def test_bootstrap_draws_inside_each_stratum() -> None:
    # Without spread inside the strata there is nothing to resample: (0 + 0 + 10 + 10) / 4 = 5 exactly.
    found = stats.bootstrap([[0.0, 0.0], [10.0, 10.0]], rng(), statistic=np.mean)
    assert (found.low, found.value, found.high, found.n) == (5.0, 5.0, 5.0, 4)


def test_probability_of_improvement_counts_ties_half() -> None:
    # pairs (2>1), (2=2), (3>1), (3>2): (1 + .5 + 1 + 1) / 4
    close(stats.probability_of_improvement([2, 3], [1, 2]), 0.875)
