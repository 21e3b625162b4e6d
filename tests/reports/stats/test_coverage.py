"""How often each interval holds the truth: by simulation or, for shares, by adding up every possible sample.

Those of nested factors, of curves and of times to a target are simulated beside what makes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from rlvr_bench.reports import stats

REPEATS = 800  # three standard errors of a coverage of .95 are .023


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


Interval = Callable[[np.random.Generator], tuple[float | None, float | None]]


def ends(found: stats.Estimate | stats.PairedTest) -> tuple[float | None, float | None]:
    return found.low, found.high


def coverage(interval: Interval, truth: float, repeats: int = REPEATS) -> float:
    """How often an interval of newly drawn data held the truth."""
    random = rng(7)
    found = [interval(random) for _ in range(repeats)]
    return sum(low is not None and high is not None and low <= truth <= high for low, high in found) / repeats


def pairs(kind: stats.Kind, n: int, scale: stats.Scale) -> Interval:
    """Of pairs whose difference is .1, or whose ratio's median is e^.1, and which have a part in common."""

    def draw(random: np.random.Generator) -> tuple[float | None, float | None]:
        common, noise = random.normal(5, 2, n), random.normal(0.1, 0.05, n)
        b = np.exp(common) if scale == "ratio" else common
        a = b * np.exp(noise) if scale == "ratio" else b + noise
        return ends(stats.paired_test(kind, a, b, margin=1.5, scale=scale))

    return draw


@pytest.mark.parametrize("n", [3, 10])
@pytest.mark.parametrize("scale", ["difference", "ratio"])
@pytest.mark.parametrize(("kind", "level"), [("equivalent", 0.90), ("greater", 0.95), ("less", 0.95)])
def test_intervals_that_decide(kind: stats.Kind, level: float, scale: stats.Scale, n: int) -> None:
    truth = math.exp(0.1) if scale == "ratio" else 0.1
    assert abs(coverage(pairs(kind, n, scale), truth) - level) < 0.033  # three standard errors at .90


@pytest.mark.parametrize(
    ("interval", "truth"),
    [
        (lambda r: ends(stats.t_interval(r.normal(2, 1, 3))), 2.0),
        (lambda r: ends(stats.mean_estimate(r.normal(2, 1, 3), rng())), 2.0),
        (lambda r: ends(stats.paired_difference(r.normal(2, 1, 5), r.normal(1, 1, 5))), 1.0),
        (lambda r: ends(stats.paired_ratio(np.exp(r.normal(1, 0.2, 5)), np.exp(r.normal(0, 0.2, 5)))), math.e),
    ],
    ids=["t", "mean of 3", "paired difference", "paired ratio"],
)
def test_exact_intervals_of_normal_values(interval: Interval, truth: float) -> None:
    assert abs(coverage(interval, truth) - 0.95) < 0.024


def test_a_bound_of_the_quantity_takes_nothing_from_the_coverage() -> None:
    # An upper bound of 2 that the intervals often pass: what is cut off cannot hold the truth.
    def cut(random: np.random.Generator) -> tuple[float | None, float | None]:
        return ends(stats.mean_estimate(random.uniform(1.0, 2.0, 3), rng(), bounds=(1.0, 2.0)))

    def whole(random: np.random.Generator) -> tuple[float | None, float | None]:
        return ends(stats.mean_estimate(random.uniform(1.0, 2.0, 3), rng()))

    assert coverage(cut, 1.5) == coverage(whole, 1.5)
    assert coverage(cut, 1.5) > 0.92


@pytest.mark.parametrize(("n", "least"), [(10, 0.91), (40, 0.92)])
def test_the_bootstrap_of_the_interquartile_mean(n: int, least: float) -> None:
    own = rng(8)
    found = coverage(lambda r: ends(stats.bootstrap([r.normal(size=n)], own, replicates=500)), 0.0, 600)
    assert least < found < 0.98


def test_three_seeds_are_not_bootstrapped_because_it_covers_too_little() -> None:
    own = rng(8)
    assert coverage(lambda r: ends(stats.bootstrap([r.normal(size=3)], own, replicates=500)), 0.0, 400) < 0.85


def test_items() -> None:
    def draw(random: np.random.Generator) -> tuple[float | None, float | None]:
        # each item has its own difficulty and 4 samples of either model, the second .05 better
        chance = random.uniform(0.1, 0.9, 300)
        a, b = (random.binomial(4, p) / 4 for p in (chance + 0.05, chance))
        return ends(stats.paired_item_bootstrap(a, b, random, replicates=1000))

    assert abs(coverage(draw, 0.05, 500) - 0.95) < 0.03


def binomial(n: int, p: float) -> list[float]:
    """Probabilities of 0 ... n events."""
    return [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]


def test_wilson_by_every_sample() -> None:
    found = []
    for p in np.linspace(0.05, 0.95, 37):
        held = [stats.wilson(k, 20)[0] <= p <= stats.wilson(k, 20)[1] for k in range(21)]
        found.append(sum(w for w, inside in zip(binomial(20, p), held, strict=True) if inside))
    assert 0.94 < np.mean(found) < 0.97
    assert min(found) > 0.85  # a score interval of a discrete count swings around its level


def test_newcombe_by_every_pair_of_samples() -> None:
    n = 10
    intervals = {(i, j): ends(stats.share_difference(i, n, j, n)) for i in range(n + 1) for j in range(n + 1)}
    found = []
    for p, q in ((0.0, 0.1), (0.1, 0.1), (0.2, 0.5), (0.5, 0.5), (0.3, 0.9), (0.05, 0.6)):
        weights = np.outer(binomial(n, p), binomial(n, q))
        found.append(sum(float(weights[k]) for k, (low, high) in intervals.items() if low <= p - q <= high))  # type: ignore
    assert 0.93 < np.mean(found) < 0.99
    assert min(found) > 0.90


def test_zero_events_bound_the_rate_exactly() -> None:
    # At a rate of the bound itself no event in n trials has probability .05, so 95 of 100 studies see one.
    for n in (3, 5, 20):
        assert abs((1 - stats.zero_event_upper(n)) ** n - 0.05) < 1e-12
