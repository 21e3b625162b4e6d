"""Times to a target with runs that never reach it, against numbers worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from rlvr_bench.reports.stats.censored import (
    Arrival,
    compare_times,
    hazard_ratio,
    right_censored,
    survival,
    time_to_reach,
    time_to_target,
)
from tests.reports.decimals import close


def arrived(*times: float) -> dict[int, Arrival]:
    """Runs of seeds 0, 1, ...; a negative time is how long a run went on without reaching the target."""
    return {seed: Arrival(abs(t), t > 0) for seed, t in enumerate(times)}


def test_the_first_point_at_the_target_counts() -> None:
    points = [(0.0, 0.2), (10.0, 0.5), (20.0, 0.4), (30.0, 0.8)]
    assert time_to_reach(points, 0.5) == Arrival(10.0, True)
    assert time_to_reach(points, 0.9) == Arrival(30.0, False)
    assert time_to_reach(points, 0.1) == Arrival(0.0, True)
    with pytest.raises(ValueError, match="without evaluations"):
        time_to_reach([], 0.5)


# Four runs: reached at 1 and 3, stopped at 2 and 4.  Left after 1: 3/4; after 3 (two at risk): 3/4 * 1/2 = 3/8.
FOUR = list(arrived(1, -2, 3, -4).values())


def test_kaplan_meier_by_hand() -> None:
    times, left = survival(FOUR)
    assert times.tolist() == [1.0, 2.0, 3.0, 4.0]
    close(left.tolist(), [0.75, 0.75, 0.375, 0.375])


def test_median_and_restricted_mean_by_hand() -> None:
    # area to 4: 1 * 1 + 2 * 3/4 + 1 * 3/8 = 2.875; to 3.5: .1875 less; to 2: 1.75
    whole = time_to_target(FOUR)
    assert (whole.median, whole.horizon, whole.reached, whole.n) == (3.0, 4.0, 2, 4)
    close([whole.restricted_mean, time_to_target(FOUR, horizon=3.5).restricted_mean], [2.875, 2.6875])
    close(time_to_target(FOUR, horizon=2.0).restricted_mean, 1.75)


def test_without_censoring_they_are_the_plain_ones() -> None:
    # of 2 3 10: S = 1/3 after 3; mean 5, also up to a later horizon; up to 6: (2 + 3 + 6) / 3
    runs = list(arrived(2, 3, 10).values())
    found = time_to_target(runs, horizon=20.0)
    assert found.median == 3.0
    close([found.restricted_mean, time_to_target(runs, horizon=6.0).restricted_mean], [5.0, 11 / 3])


def test_half_of_the_runs_are_enough_for_a_median() -> None:
    # 5/6 * 4/5 * 3/4 is a half after the third of six, whatever its last bits are
    assert time_to_target(list(arrived(1, 2, 3, 4, 5, 6).values())).median == 3.0
    assert time_to_target(list(arrived(1, -9).values())).median == 1.0


def test_what_is_not_known_is_not_told() -> None:
    none = time_to_target(list(arrived(-4, -4).values()))
    assert (none.median, none.reached) == (None, 0)
    close(none.restricted_mean, 4.0)
    with pytest.raises(ValueError, match="nothing is known"):
        time_to_target(FOUR, horizon=5.0)
    with pytest.raises(ValueError, match="no runs"):
        time_to_target([])


def test_where_every_run_arrived_the_times_are_divided() -> None:
    # log ratios log 2 + (-.1, 0, .1): se .057735, t = .693147 / .057735 = 12.0057; half width 4.302653 * .057735
    found = compare_times(arrived(*(20 * math.exp(x) for x in (-0.1, 0.0, 0.1))), arrived(10, 10, 10))
    assert found.method == "paired ratio" and found.ratio is not None and found.p is not None
    close([found.ratio.value, found.ratio.low or 0], [2.0, 2 * math.exp(-0.248414)], places=5)
    t = math.log(2) / (0.1 / math.sqrt(3))
    close(found.p, 1 - t / math.sqrt(t * t + 2), places=6)
    assert (found.both, found.pairs) == (3, 3)


def test_where_some_did_not_it_is_the_log_rank_test() -> None:
    # A reached at 1, 2; B stopped at 3, reached at 4.  At 1: A 2 of 4 at risk, expected 1/2, variance 1/4; at 2: A 1
    # of 3, 1/3 and 2/9; at 4 only B.  (2 - 5/6)^2 / (1/4 + 2/9) = 49/36 * 36/17
    found = compare_times(arrived(1, 2), arrived(-3, 4))
    assert (found.method, found.both, found.pairs, found.ratio) == ("log-rank", 1, 2, None)
    close(found.p or 0, math.erfc(math.sqrt(49 / 17 / 2)))


def test_a_ratio_of_chosen_pairs_does_not_decide() -> None:
    found = compare_times(arrived(1, 2, 3), arrived(4, -5, 6))
    assert (found.method, found.both, found.pairs) == ("log-rank", 2, 3)
    assert found.ratio is not None
    close(found.ratio.value, math.sqrt(1 / 4 * 3 / 6))


def test_without_arrivals_or_differences_there_is_no_comparison() -> None:
    none = compare_times(arrived(-4, -4), arrived(-4, -4))
    assert (none.method, none.p, none.ratio) == ("none", None, None)
    start = {0: Arrival(0.0, True), 1: Arrival(0.0, True)}
    at_once = compare_times(start, start)
    assert (at_once.method, at_once.p, at_once.both) == ("none", None, 2)
    assert compare_times({}, {}).method == "none"


def test_coverage_of_the_ratio_and_errors_of_the_log_rank() -> None:
    random = np.random.default_rng(0)
    held = wrong = 0
    for _ in range(400):
        a, b = (arrived(*np.exp(random.normal(3, 0.3, 5))) for _ in range(2))
        ratio = compare_times(a, b).ratio
        assert ratio is not None and ratio.low is not None and ratio.high is not None
        held += ratio.low <= 1 <= ratio.high
        slow, fast = (np.exp(random.normal(3, 0.3, 10)) for _ in range(2))
        ended = float(np.exp(3.2))
        found = compare_times(*(arrived(*(t if t < ended else -ended for t in x)) for x in (slow, fast)))
        wrong += found.p is not None and found.p < 0.05
    assert 0.92 < held / 400 < 0.98
    assert 0.01 < wrong / 400 < 0.1  # 10 runs a cell: the approximation errs a little too often


def test_a_ratio_of_hazards_by_hand() -> None:
    # A arrives at 1 and 2, B at 3 and then goes on to 4.  At 1: 2 of A and 2 of B left, expected 1/2, variance 1/4; at
    # 2: 1 and 2 left, expected 1/3, variance 2/9; at 3 none of A.  O - E = 2 - 5/6 = 7/6, V = 17/36: exp(42 / 17)
    found = hazard_ratio(list(arrived(1, 2).values()), list(arrived(3, -4).values()))
    assert found is not None
    estimate, p = found
    close(math.log(estimate.value), 42 / 17)
    assert estimate.low is not None and estimate.high is not None
    close(math.log(estimate.high / estimate.value), 1.959964 / (17 / 36) ** 0.5, places=5)
    close(estimate.value / estimate.low, estimate.high / estimate.value)
    assert p == pytest.approx(2 * scipy_stats.norm.sf(7 / 6 / (17 / 36) ** 0.5))


def test_its_p_is_that_of_the_log_rank_test_and_the_interval_agrees() -> None:
    random, decided = np.random.default_rng(5), 0
    for _ in range(60):
        a, b = (
            [Arrival(float(min(t, 20)), bool(t < 20)) for t in random.geometric(share, 32)] for share in (0.06, 0.03)
        )
        found = hazard_ratio(a, b)
        assert found is not None
        expected = scipy_stats.logrank(right_censored(a), right_censored(b))
        assert found[1] == pytest.approx(expected.pvalue)
        assert (found[0].low > 1 or found[0].high < 1) == (found[1] < 0.05)
        decided += found[0].low > 1
    assert 15 < decided < 60


def test_without_a_collapse_there_is_no_ratio_of_hazards() -> None:
    assert hazard_ratio(list(arrived(-1, -2).values()), list(arrived(-3).values())) is None
    assert hazard_ratio(list(arrived(3).values()), list(arrived(-1).values())) is None  # B was gone before
