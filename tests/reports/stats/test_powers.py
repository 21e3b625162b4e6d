"""Power against the noncentral t and against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nct

from rlvr_bench.reports.stats import power
from tests.reports.decimals import close

# Student's quantiles from a table, at n - 1 = 2 and 9 degrees of freedom.
T_95, T_975 = {3: 2.919986, 10: 1.833113}, {3: 4.302653, 10: 2.262157}


@pytest.mark.parametrize("n", [3, 10])
def test_superiority_is_the_noncentral_t(n: int) -> None:
    # (.05 - .02) / (.03 / sqrt n) = sqrt n
    found = power("greater", 0.03, 0.02, n, 0.05)
    close(found.supported, float(nct.sf(T_975[n], n - 1, np.sqrt(n))), places=3)
    close(found.refuted, float(nct.cdf(-T_975[n], n - 1, np.sqrt(n))), places=3)
    mirrored = power("less", 0.03, 0.02, n, -0.05)
    close([mirrored.supported, mirrored.refuted], [found.supported, found.refuted])


@pytest.mark.parametrize("n", [3, 10])
@pytest.mark.parametrize("effect", [0.0, 0.02, 0.05])
def test_equivalence_against_brute_force(n: int, effect: float) -> None:
    x = np.random.default_rng(n).normal(effect, 0.015, (40_000, n))
    half = T_95[n] * x.std(axis=1, ddof=1) / np.sqrt(n)
    low, high = x.mean(axis=1) - half, x.mean(axis=1) + half
    found = power("equivalent", 0.015, 0.02, n, effect)
    assert abs(found.supported - ((low > -0.02) & (high < 0.02)).mean()) < 0.008  # 3 standard errors
    assert abs(found.refuted - ((low > 0.02) | (high < -0.02)).mean()) < 0.008


def test_the_power_that_the_evidence_quotes() -> None:
    # 80 % at alpha .05, two-sided and paired: effects of 1.5, 1.0 and .8 standard deviations need 6, 10 and 15 pairs
    for d, n in ((1.5, 6), (1.0, 10), (0.8, 15)):
        assert power("greater", 1.0, 0.0, n - 1, d).supported < 0.8 < power("greater", 1.0, 0.0, n, d).supported


def test_ratios_are_told_as_ratios() -> None:
    ratio = power("less", 0.05, 0.8, 5, 0.7, scale="ratio")
    difference = power("greater", 0.05, 0.0, 5, float(np.log(0.8 / 0.7)))
    close([ratio.supported, ratio.refuted], [difference.supported, difference.refuted])


def test_without_spread_or_pairs_there_is_no_power() -> None:
    for sd, n in ((0.0, 3), (1.0, 1)):
        with pytest.raises(ValueError, match="no power"):
            power("greater", sd, 0.0, n, 1.0)
