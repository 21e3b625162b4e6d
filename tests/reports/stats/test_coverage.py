"""How often each interval holds the truth, by simulation or, for shares, by adding up every possible sample."""

from __future__ import annotations

import numpy as np

from rlvr_bench.reports import stats


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def coverage(draw, interval, repeats: int) -> float:
    """How often the interval held the true mean 0."""
    found = [interval(draw()) for _ in range(repeats)]
    return sum(e.low <= 0 <= e.high for e in found) / repeats


def test_coverage_with_three_seeds() -> None:
    random, own = rng(7), rng(8)
    t = coverage(lambda: random.normal(size=3), lambda x: stats.mean_estimate(x, own), 2000)
    assert 0.935 < t < 0.965
    few = coverage(lambda: random.normal(size=3), lambda x: stats.bootstrap([x], own, replicates=500), 600)
    assert few < 0.85  # why three seeds get a t interval


def test_coverage_with_forty_seeds() -> None:
    random, own = rng(9), rng(10)
    many = coverage(lambda: random.normal(size=40), lambda x: stats.bootstrap([x], own, replicates=500), 500)
    assert 0.90 < many < 0.98
