"""Spread without noise: by hand where there is none, and by simulation how often interval and test are right."""

from __future__ import annotations

import numpy as np
import pytest

from rlvr_bench.reports import stats
from tests.reports.decimals import close


def test_the_noise_is_subtracted_from_the_variance() -> None:
    close(stats.noise_free_sd([0, 2, 4], 0.0), 2.0)
    close(stats.noise_free_sd([0, 2, 4], 3.0), 1.0)
    assert stats.noise_free_sd([0, 2, 4], 5.0) == 0.0


def test_without_noise_the_p_is_that_of_the_f_test() -> None:
    found = stats.sd_difference([0, 2, 4], [0, 1, 2], 0.0, 0.0, stats.rng())
    assert found is not None
    close(found[0].value, 1.0)
    # P(F > 4) = 1 / (1 + 4) for 2 and 2 degrees of freedom, doubled
    assert found[1] == pytest.approx(0.4, abs=0.02)
    assert found[0].low is not None and found[0].high is not None and found[0].low < 1 < found[0].high


def test_an_interval_of_one_spread_by_the_chi_squared_law() -> None:
    low, high = stats.sd_interval([0, 2, 4], 0.0, stats.rng())
    # 2 sqrt(2 / x) at the quantiles .975 and .025 of chi-squared with 2 degrees of freedom, 7.378 and .0506
    assert low == pytest.approx(2 * (2 / 7.378) ** 0.5, rel=0.03)
    assert high == pytest.approx(2 * (2 / 0.0506) ** 0.5, rel=0.1)
    assert stats.sd_interval([0, 2, 4], 1e6, stats.rng()) == (0.0, 0.0)


def test_without_spread_there_is_nothing_to_compare() -> None:
    assert stats.sd_difference([1, 1], [0, 1], 0, 0, stats.rng()) is None
    assert stats.sd_difference([0.7] * 3, [0, 1, 2], 0, 0, stats.rng()) is None  # the sum of three .7 is not exact
    assert stats.sd_difference([1], [0, 1], 0, 0, stats.rng()) is None


def outcomes(spread_a: float, spread_b: float, noise: float, repeats: int = 300) -> dict[str, float]:
    """Over studies of ten seeds: how often the interval lies above or below 0, and how often it holds the truth."""
    random, found = np.random.default_rng(3), []
    for _ in range(repeats):
        a, b = (random.normal(0, (s * s + noise) ** 0.5, 10) for s in (spread_a, spread_b))
        estimate = stats.sd_difference(a, b, noise, noise, stats.rng())
        assert estimate is not None
        low, high = estimate[0].low, estimate[0].high
        assert low is not None and high is not None
        found.append((low > 0, high < 0, low <= spread_a - spread_b <= high))
    above, below, held = np.mean(found, axis=0)
    return {"above": above, "below": below, "held": held}


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_it_comes_out_both_ways_and_errs_seldom(noise: float) -> None:
    wider, narrower, alike = (outcomes(*s, noise) for s in ((3.0, 1.0), (1.0, 3.0), (1.0, 1.0)))
    assert wider["above"] > 0.6 and narrower["below"] > 0.6
    assert wider["below"] == narrower["above"] == 0
    assert alike["above"] + alike["below"] < 0.09
    assert min(wider["held"], narrower["held"], alike["held"]) > 0.92
