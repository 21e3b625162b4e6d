"""The two forms: parameters that are known come out again, and so do errors worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rlvr_bench.reports.stats import best_of_n_distance, extrapolate_gains, fit_gains, rng
from rlvr_bench.reports.stats.distances.scaling import Form
from tests.reports.decimals import close

DISTANCES = [0.25 * i for i in range(1, 17)]  # up to 4


def gain(form: Form, alpha: float, beta: float, d: float) -> float:
    return d * (alpha - beta * (math.log(d) if form == "trained" else d))


@pytest.mark.parametrize("form", ["trained", "best of n"])
def test_known_parameters_come_out_again(form: Form) -> None:
    found = fit_gains(form, [(0.0, 0.0)] + [(d, gain(form, 0.5, 0.3, d)) for d in DISTANCES], rng())
    assert found is not None and found.points == 16
    close([found.alpha, found.beta, found.residual], [0.5, 0.3, 0.0], places=9)
    close([*found.alpha_interval, *found.beta_interval], [0.5, 0.5, 0.3, 0.3], places=6)
    close(found([0.0, 2.0]), [0.0, gain(form, 0.5, 0.3, 2.0)], places=9)


def test_where_it_is_highest() -> None:
    """d (a - b log d) has slope a - b - b log d: 0 at exp(a / b - 1); d (a - b d) at a / 2b."""
    trained = fit_gains("trained", [(d, gain("trained", 0.5, 0.25, d)) for d in DISTANCES], rng())
    picked = fit_gains("best of n", [(d, gain("best of n", 0.5, 0.25, d)) for d in DISTANCES], rng())
    rising = fit_gains("trained", [(d, gain("trained", 0.5, -0.25, d)) for d in DISTANCES], rng())
    assert trained and picked and rising
    close([trained.peak, picked.peak], [math.e, 1.0], places=6)
    assert rising.peak is None


def test_least_squares_by_hand() -> None:
    """One parameter drops out where log d = 0 alone: at d = 1 twice, gains .2 and .4, the fit is their mean."""
    found = fit_gains("best of n", [(1.0, 0.2), (1.0, 0.4), (2.0, 0.0)], rng())
    assert found is not None
    # alpha - beta = .3 and 2 alpha - 4 beta = 0: alpha .6, beta .3; residuals .1, .1, 0
    close([found.alpha, found.beta, found.residual], [0.6, 0.3, math.sqrt(0.02 / 3)], places=9)
    assert found.alpha_interval is None  # three points are too few


def test_too_few_distances_are_no_fit() -> None:
    assert fit_gains("trained", [(0.0, 0.0), (1.0, 0.2), (1.0, 0.3)], rng()) is None
    assert fit_gains("trained", [], rng()) is None
    assert extrapolate_gains("trained", [], rng()) is None
    assert extrapolate_gains("trained", [(1.0, 0.1), (2.0, 0.2), (5.0, 0.1), (6.0, 0.1)], rng()) is not None
    assert extrapolate_gains("trained", [(1.0, 0.1), (2.0, 0.2), (5.0, 0.1)], rng()) is None


def test_what_follows_the_form_is_foretold_and_what_leaves_it_is_not() -> None:
    form = [(d, gain("trained", 0.5, 0.3, d)) for d in DISTANCES]
    kept = extrapolate_gains("trained", form, rng())
    assert kept is not None and kept.points == 8
    close([kept.reach, kept.error, kept.bias], [2.0, 0.0, 0.0], places=9)
    fallen = extrapolate_gains("trained", [(d, y - 0.2 * (d > 2)) for d, y in form], rng())
    assert fallen is not None
    close([fallen.error, fallen.bias], [0.2, 0.2], places=9)  # what it promised and did not come
    assert fallen.fit == kept.fit


def test_staying_at_the_level_last_seen() -> None:
    """Of near gains 0, .3, .6 in order of distance the last third is .6; beyond it 1.0 and .2: errors .4 both."""
    found = extrapolate_gains("trained", [(2.0, 0.6), (1.0, 0.3), (0.0, 0.0), (3.0, 1.0), (4.0, 0.2)], rng())
    assert found is not None
    close(found.still, 0.4, places=9)


def test_intervals_hold_the_truth_and_narrow_with_the_noise() -> None:
    noise = np.random.default_rng(3)
    held, widths = 0, []
    for size in (0.02, 0.1):
        for _ in range(50):
            points = [(d, gain("trained", 0.5, 0.3, d) + float(noise.normal(0, size))) for d in DISTANCES]
            found = fit_gains("trained", points, rng())
            assert found is not None and found.alpha_interval is not None
            low, high = found.alpha_interval
            held += low <= 0.5 <= high
            widths.append(high - low)
    assert held >= 80  # of 100; a bootstrap over 16 points is a little narrow
    assert np.mean(widths[50:]) > 3 * np.mean(widths[:50])


def test_the_distance_of_the_best_of_n() -> None:
    close([best_of_n_distance(n) for n in (1, 2, 64)], [0.0, math.sqrt(math.log(2) - 0.5), 1.7817], places=4)
