"""Peaks scored out of sample, and curves at equal distance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rlvr_bench.reports.stats.distances.curves import (
    at_distances,
    common_distances,
    compare_at_distances,
    peak_over_items,
    peak_over_seeds,
)
from tests.reports.decimals import close

UP = [(0.0, 0.0), (2.0, 1.0)]  # half its distance
BENT = [(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)]


def test_a_curve_is_read_between_its_points_and_nowhere_else() -> None:
    # 1.0 is there twice, with .2 and .6: .4; half way from (0, 0): .2; from (1, .4) to (3, 1) a quarter: .55
    curve = [(1.0, 0.2), (0.0, 0.0), (3.0, 1.0), (1.0, 0.6)]
    close(at_distances(curve, [0.0, 0.5, 1.0, 1.5, 3.0]).tolist(), [0.0, 0.2, 0.4, 0.55, 1.0])
    assert np.isnan(at_distances(curve, [-0.1, 3.1])).all()
    assert np.isnan(at_distances([], [1.0])).all()


def test_common_distances_are_those_that_every_curve_covers() -> None:
    close(common_distances([[(0.0, 1), (2.0, 1)], [(3.0, 1), (0.5, 1)]], 4).tolist(), [0.5, 1.0, 1.5, 2.0])
    with pytest.raises(ValueError, match="in common"):
        common_distances([[(0.0, 1), (1.0, 1)], [(1.0, 1), (2.0, 1)]], 4)
    with pytest.raises(ValueError, match="without points"):
        common_distances([[(0.0, 1)], []], 4)


def test_equal_distance_by_hand() -> None:
    # at 1: A .5 and .5 + .2, B 0 and .1: differences .5, .6: mean .55, se .05, t(.975, 1) = 12.706205
    a = {1: UP, 2: [(d, v + 0.2) for d, v in UP], 3: UP}
    b = {1: [(0.0, 0.0), (1.0, 0.0)], 2: [(0.0, 0.1), (1.5, 0.1)], 4: UP}
    near, middle, far = compare_at_distances(a, b, [1.0, 1.2, 1.8])
    assert near.difference is not None
    close(
        [near.difference.value, near.difference.low or 0, near.difference.high or 0],
        [0.55, 0.55 - 0.635310, 0.55 + 0.635310],
        places=5,
    )
    assert near.dropped == 0
    # at 1.2 only seed 2 of B is left: .6 + .2 - .1; at 1.8 none is
    assert middle.difference is not None and not middle.difference.known
    close(middle.difference.value, 0.7)
    assert (middle.dropped, far.difference, far.dropped) == (1, None, 2)
    assert compare_at_distances({}, {}, [1.0])[0].difference is None


def test_one_half_of_the_seeds_picks_where_the_other_is_read() -> None:
    # Even places peak at 1 (height 1), odd places rise to 2: they pick 2, where the even are 0; the even pick 1,
    # where the odd are .5.  Mean of 0 .5 0 .5: .25.  In sample the mean curve is .75 at 1.
    found = peak_over_seeds([BENT, UP, BENT, UP], count=3)
    assert found.positions == (1.0, 2.0)
    close([found.height.value, found.in_sample], [0.25, 0.75])
    assert found.height.n == 4
    with pytest.raises(ValueError, match="halved"):
        peak_over_seeds([BENT, UP, BENT])


def test_one_half_of_the_items_picks_where_the_other_is_read() -> None:
    # First halves pick 1, second halves 2: the second at 1 is .5, the first at 2 is 0: (.5 + 0) / 2 for each seed
    found = peak_over_items([BENT, BENT], [UP, UP], count=3)
    assert found.positions == (1.0, 2.0)
    close([found.height.value, found.height.low or 0, found.in_sample], [0.25, 0.25, 0.75])
    with pytest.raises(ValueError, match="second"):
        peak_over_items([BENT], [])


def noisy(random: np.random.Generator, shape: list[float]) -> list[tuple[float, float]]:
    """A curve over distances 0, 1, ... with independent noise of .1 at each point."""
    return [(float(d), v + 0.1 * random.normal()) for d, v in enumerate(shape)]


def test_coverage_of_the_height_where_there_is_no_peak() -> None:
    # Every position of a flat curve is .5 high; picked and read on the same seeds it looks higher in every study.
    random = np.random.default_rng(0)
    found = [peak_over_seeds([noisy(random, [0.5] * 24) for _ in range(8)]) for _ in range(400)]
    held = [p.height.low <= 0.5 <= p.height.high for p in found if p.height.low and p.height.high]
    assert 0.92 < sum(held) / 400 < 0.98
    assert abs(np.mean([p.height.value for p in found]) - 0.5) < 4 * 0.1 / math.sqrt(8 * 400)
    assert np.mean([p.in_sample for p in found]) > 0.55


def test_coverage_of_the_height_over_items() -> None:
    random = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        halves = ([noisy(random, [0.5] * 24) for _ in range(4)] for _ in range(2))
        height = peak_over_items(*halves).height
        held += height.low is not None and height.high is not None and height.low <= 0.5 <= height.high
    assert 0.92 < held / 400 < 0.98


def test_a_clear_peak_is_found_at_its_height() -> None:
    random = np.random.default_rng(2)
    shape = [0.3, 0.5, 0.9, 0.5, 0.3]
    found = peak_over_seeds([noisy(random, shape) for _ in range(10)], count=5)
    assert found.positions == (2.0, 2.0)
    assert abs(found.height.value - 0.9) < 4 * 0.1 / math.sqrt(10)


def test_coverage_at_equal_distance() -> None:
    random = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        a, b = ({s: noisy(random, [0.2, 0.5, 0.4]) for s in range(5)} for _ in range(2))
        difference = compare_at_distances(a, b, [1.0])[0].difference
        assert difference is not None and difference.low is not None and difference.high is not None
        held += difference.low <= 0 <= difference.high
    assert 0.92 < held / 400 < 0.98
