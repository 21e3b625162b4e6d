"""Differences of runs within reward models within base models."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from rlvr_bench.reports.stats.estimate import Estimate
from rlvr_bench.reports.stats.hierarchical import Label, hierarchical_bootstrap, hierarchical_interval, paired_labels
from tests.reports.decimals import close


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_pairs_are_runs_that_both_cells_have() -> None:
    a = {Label(0, 0, 0): 0.5, Label(0, 0, 1): 0.6, Label(1, 0, 0): 0.7}
    b = {Label(1, 0, 0): 0.4, Label(0, 0, 0): 0.25}
    found = paired_labels(a, b)
    assert list(found) == [Label(0, 0, 0), Label(1, 0, 0)]
    close(list(found.values()), [0.25, 0.3])


UNEQUAL = {
    Label(0, 0, 0): 1.0,
    Label(0, 0, 1): 3.0,  # reward model 0 of base 0: mean 2
    Label(0, 1, 0): 6.0,  # reward model 1 of base 0: 6; base 0: 4
    Label(1, 0, 0): 1.0,  # base 1: 1, though it has the fewest runs
    Label(2, 0, 0): 1.0,  # base 2: 1
}


def test_the_mean_is_of_the_bases_however_many_runs_they_have() -> None:
    # (4 + 1 + 1) / 3 = 2; se = sqrt(3) / sqrt(3) = 1; t(.975, 2) = 4.302653
    found = hierarchical_interval(UNEQUAL, rng())
    assert (found.unit, found.estimate.n, found.estimate.method) == ("base model", 3, "t")
    estimate = found.estimate
    close([estimate.value, estimate.low or 0, estimate.high or 0], [2.0, 2 - 4.302653, 2 + 4.302653], places=5)
    close(hierarchical_bootstrap(UNEQUAL, rng()).value, 2.0)


def test_with_one_base_the_interval_is_over_what_was_repeated_below_it() -> None:
    models = {Label("b", m, r): float(m) for m in range(3) for r in range(4)}
    found = hierarchical_interval(models, rng())
    assert (found.unit, found.estimate.n, found.estimate.value) == ("reward model", 3, 1.0)
    runs = {Label("b", "m", r): float(r) for r in range(5)}
    found = hierarchical_interval(runs, rng())
    assert (found.unit, found.estimate.n, found.estimate.value) == ("run", 5, 2.0)
    one = hierarchical_interval({Label(0, 0, 0): 1.0}, rng())
    assert (one.unit, one.estimate.n, one.estimate.known) == ("run", 1, False)


def test_many_bases_use_the_bootstrap() -> None:
    random = rng(1)
    found = hierarchical_interval({Label(b, 0, 0): random.normal() for b in range(20)}, rng())
    assert (found.unit, found.estimate.method, found.estimate.n) == ("base model", "bootstrap", 20)


def test_every_level_is_resampled() -> None:
    # Spread at one level only: -1 and 1 in equal numbers.  The mean of k independent draws of +-1 has variance 1 / k.
    for where, k in ((0, 4), (1, 16), (2, 64)):
        tree = {Label(*x): 2.0 * (x[where] % 2) - 1 for x in np.ndindex(4, 4, 4)}
        found = hierarchical_bootstrap(tree, rng(), level=0.6827, replicates=4000)
        assert found.low is not None and found.high is not None
        assert 0.75 < (found.high - found.low) / 2 * np.sqrt(k) < 1.25


def test_the_generator_is_used() -> None:
    random = rng(2)
    tree = {Label(*x): random.normal() for x in np.ndindex(3, 2, 2)}
    assert hierarchical_bootstrap(tree, rng(1)) == hierarchical_bootstrap(tree, rng(1))
    assert hierarchical_bootstrap(tree, rng(1)) != hierarchical_bootstrap(tree, rng(3))
    with pytest.raises(ValueError, match="no differences"):
        hierarchical_interval({}, rng())


def simulated(random: np.random.Generator, bases: int) -> dict[Label, float]:
    """True mean 0; 1 to 3 reward models of each base, 3 or 4 runs of each; standard deviations 1, .7, .5."""
    found = {}
    for b in range(bases):
        base = random.normal()
        for m in range(random.integers(1, 4)):
            model = base + 0.7 * random.normal()
            found |= {Label(b, m, r): model + 0.5 * random.normal() for r in range(random.integers(3, 5))}
    return found


def covered(interval: Callable[[dict[Label, float]], Estimate], bases: int, repeats: int) -> float:
    random = rng(4)
    found = [interval(simulated(random, bases)) for _ in range(repeats)]
    return sum(e.low is not None and e.high is not None and e.low <= 0 <= e.high for e in found) / repeats


def test_coverage_with_three_bases_and_why_they_are_not_bootstrapped() -> None:
    own = rng(5)
    assert 0.92 < covered(lambda d: hierarchical_interval(d, own).estimate, 3, 600) < 0.98
    assert covered(lambda d: hierarchical_bootstrap(d, own, replicates=400), 3, 300) < 0.88


def test_coverage_of_the_bootstrap_with_twenty_bases() -> None:
    own = rng(6)
    assert 0.91 < covered(lambda d: hierarchical_bootstrap(d, own, replicates=400), 20, 300) < 0.99
