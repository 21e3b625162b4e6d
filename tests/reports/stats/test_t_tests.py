"""Paired tests and the intervals that decide them, against numbers worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rlvr_bench.reports import stats
from tests.reports.decimals import close


def test_t_test_and_tost_by_hand() -> None:
    # mean 2, se .577350: t = 3.464102 with 2 degrees of freedom; two-sided p = 1 - t / sqrt(t^2 + 2) = .0741799
    close(stats.t_test([1, 2, 3], 0.0), 1 - math.sqrt(12 / 14), places=6)
    # inside (-2, 6) the two one-sided tests have t = 6.9282 each: p = (1 - sqrt(48 / 50)) / 2
    close(stats.tost([1, 2, 3], -2.0, 6.0), (1 - math.sqrt(48 / 50)) / 2, places=6)
    assert stats.tost([7, 8, 9], -2.0, 6.0) > 0.5
    assert (stats.t_test([2, 2], 1.0), stats.t_test([2, 2], 2.0), stats.tost([2, 2], 1, 3)) == (0.0, 1.0, 0.0)


def test_an_equivalence_has_the_interval_that_two_one_sided_tests_decide_by() -> None:
    # differences 1 2 3: mean 2, se .577350; t(.95, 2) = 2.919986: half width of the 90 % interval 1.685855
    found = stats.paired_test("equivalent", [11, 22, 33], [10, 20, 30], margin=6.0)
    close([found.estimate, found.low, found.high], [2.0, 2 - 1.685855, 2 + 1.685855], places=5)
    # the nearer edge is 4 away: t = 6.9282, p = (1 - sqrt(48 / 50)) / 2; beyond it, the other tail
    close([found.p, found.p_against], [(1 - math.sqrt(0.96)) / 2, (1 + math.sqrt(0.96)) / 2], places=6)
    assert (found.level, found.n, found.margin) == (0.9, 3, 6.0)


def test_superiority_has_the_95_percent_interval_and_a_p_that_agrees_with_it() -> None:
    # t(.975, 2) = 4.302653: half width 2.484138; against 0: t = 3.464102, two-sided p = 1 - t / sqrt(t^2 + 2)
    found = stats.paired_test("greater", [11, 22, 33], [10, 20, 30], margin=0.0)
    close([found.low, found.high, found.p], [2 - 2.484138, 2 + 2.484138, 1 - math.sqrt(12 / 14)], places=5)
    assert (found.level, found.p_against) == (0.95, 1.0)
    # below -4 is as far as 4 would be on the other side: mean -(-4) = 6 se / .577350 = 10.3923 above
    less = stats.paired_test("less", [11, 22, 33], [10, 20, 30], margin=4.0)
    t = 6 * math.sqrt(3)
    close(less.p_against, 1 - t / math.sqrt(t * t + 2), places=6)
    assert less.p == 1.0


def test_a_ratio_is_tested_on_the_log_scale() -> None:
    # log ratios log 2 + (-.01, 0, .01): se .0057735; 90 %: 2.919986 * .0057735 = .0168585; 95 %: .0248414
    a, b = [2 * math.exp(x) for x in (-0.01, 0.0, 0.01)], [1.0, 1.0, 1.0]
    same = stats.paired_test("equivalent", a, b, margin=2.1, scale="ratio")
    close([same.estimate, same.low, same.high], [2.0, 2 * math.exp(-0.0168585), 2 * math.exp(0.0168585)], places=5)
    assert same.p < 0.05  # log 2.1 - log 2 = .04879, t = 8.45
    less = stats.paired_test("less", b, a, margin=0.6, scale="ratio")
    close([less.low, less.high], [0.5 * math.exp(-0.0248414), 0.5 * math.exp(0.0248414)], places=5)
    assert less.p < 0.05 < less.p_against


@pytest.mark.parametrize("kind", ["equivalent", "greater", "less"])
def test_p_and_interval_say_the_same(kind: stats.Kind) -> None:
    random = np.random.default_rng(5)
    seen = set()
    for _ in range(300):
        x = random.normal(random.choice([-1.5, -0.5, 0.0, 0.5, 1.5]), 0.4, 4)
        found = stats.paired_test(kind, x, np.zeros(4), margin=0.7)
        beyond = {"equivalent": found.low > -0.7 and found.high < 0.7, "greater": found.low > 0.7}
        outside = {"equivalent": found.low > 0.7 or found.high < -0.7, "greater": found.high < 0.7}
        inside = beyond.get(kind, found.high < -0.7)
        other = outside.get(kind, found.low > -0.7)
        assert (found.p < 0.05, found.p_against < 0.05) == (inside, other)
        seen.add((inside, other))
    assert seen == {(True, False), (False, True), (False, False)}


@pytest.mark.parametrize(
    ("kind", "margin", "scale"),
    [
        ("greater", -1.0, "difference"),
        ("equivalent", 0.0, "difference"),
        ("equivalent", 1.0, "ratio"),
        ("less", 0.0, "ratio"),
    ],
)
def test_a_margin_without_a_proposition_is_refused(kind: stats.Kind, margin: float, scale: stats.Scale) -> None:
    with pytest.raises(ValueError, match="makes no proposition"):
        stats.paired_test(kind, [1.0, 2.0], [1.0, 2.0], margin=margin, scale=scale)


@pytest.mark.parametrize(
    ("a", "b", "scale", "message"),
    [
        ([1.0], [1.0, 2.0], "difference", "as many"),
        ([1.0], [2.0], "difference", "two pairs"),
        ([1.0, math.nan], [1.0, 2.0], "difference", "finite"),
        ([0.0, 1.0], [1.0, 2.0], "ratio", "above 0"),
    ],
)
def test_values_that_make_no_pairs_are_refused(
    a: list[float], b: list[float], scale: stats.Scale, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        stats.paired_test("greater", a, b, margin=1.0, scale=scale)
