"""How the true reward follows the distance from the base model: two forms, by least squares, and how far they reach.

R(d) = d (alpha - beta log d) for a policy that was trained, d (alpha - beta d) for the best of n completions, with d =
sqrt(KL) in sqrt(nats a completion) and R the true reward less that of the base model.  Both are 0 at d = 0 and linear
in alpha and beta, so the fit has one solution.
Source: Gao et al. 2022, arXiv:2210.10760, section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from rlvr_bench.reports.stats.estimate import LEVEL, Array, percentiles

Form = Literal["trained", "best of n"]
LEAST = 2  # distances above 0: as many as there are parameters
FOR_INTERVAL = 4  # with fewer points a bootstrap draws too few different ones
REPLICATES = 1000


@dataclass(frozen=True)
class Fit:
    """The form with its two parameters, and their percentile bootstrap intervals over the points of the curve."""

    form: Form
    alpha: float
    beta: float
    alpha_interval: tuple[float, float] | None  # None below FOR_INTERVAL points
    beta_interval: tuple[float, float] | None
    points: int
    residual: float  # root mean square over the points that it was fitted to

    def __call__(self, distances: ArrayLike) -> Array:
        """Predicted gains in true reward."""
        return _features(self.form, distances) @ np.array([self.alpha, self.beta])

    @property
    def peak(self) -> float | None:
        """The distance at which the form is highest; None where it has no highest point."""
        if self.beta <= 0:
            return None
        return float(np.exp(self.alpha / self.beta - 1)) if self.form == "trained" else self.alpha / (2 * self.beta)


@dataclass(frozen=True)
class Extrapolation:
    """The fit to the first half of the distances, scored on the second half."""

    fit: Fit
    reach: float  # the largest distance that it was fitted to
    error: float  # root mean square of prediction less observation beyond it, in true reward
    bias: float  # their mean: above 0 where the fit promises too much
    still: float  # root mean square error of staying at the mean of the last third of what was fitted to
    points: int  # that it was scored on


def fit_gains(form: Form, curve: Sequence[tuple[float, float]], rng: np.random.Generator) -> Fit | None:
    """Least squares over (distance, gain); None with fewer than LEAST different distances above 0."""
    points = np.asarray([p for p in curve if p[0] > 0], dtype=float).reshape(-1, 2)
    if len(np.unique(points[:, 0])) < LEAST:
        return None
    features = _features(form, points[:, 0])
    solution, *_ = np.linalg.lstsq(features, points[:, 1], rcond=None)
    residual = float(np.sqrt(np.mean((features @ solution - points[:, 1]) ** 2)))
    intervals = _intervals(features, points[:, 1], rng) if len(points) >= FOR_INTERVAL else (None, None)
    return Fit(form, float(solution[0]), float(solution[1]), *intervals, len(points), residual)


def extrapolate_gains(
    form: Form, curve: Sequence[tuple[float, float]], rng: np.random.Generator
) -> Extrapolation | None:
    """Fit up to half of the largest distance, score beyond it; None where either side has too few points."""
    if not curve:
        return None
    half = max(d for d, _ in curve) / 2
    near, far = [p for p in curve if p[0] <= half], [p for p in curve if p[0] > half]
    found = fit_gains(form, near, rng)
    if found is None or len(far) < LEAST:
        return None
    distances, gains = (np.array(column) for column in zip(*far, strict=True))
    wrong = found(distances) - gains
    ordered = [gain for _, gain in sorted(near)]
    level = float(np.mean(ordered[-max(1, len(ordered) // 3) :]))
    return Extrapolation(
        fit=found,
        reach=max(d for d, _ in near),
        error=float(np.sqrt(np.mean(wrong**2))),
        bias=float(np.mean(wrong)),
        still=float(np.sqrt(np.mean((level - gains) ** 2))),
        points=len(far),
    )


def best_of_n_distance(n: int) -> float:
    """sqrt(log n - (n - 1) / n): the KL of the best of n to what it was picked from, were no two scores equal."""
    return float(np.sqrt(np.log(n) - (n - 1) / n))


def _features(form: Form, distances: ArrayLike) -> Array:
    d = np.asarray(distances, dtype=float)
    second = d * d if form == "best of n" else d * np.log(np.where(d > 0, d, 1.0))
    return np.stack([d, -second], axis=-1)


def _intervals(
    features: Array, gains: Array, rng: np.random.Generator
) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    """Points are drawn with replacement; draws that do not fix both parameters are left out."""
    drawn = rng.integers(0, len(gains), (REPLICATES, len(gains)))
    x, y = features[drawn], gains[drawn]
    squares = np.einsum("rni,rnj->rij", x, x)
    usable = np.linalg.cond(squares) < 1e12
    if usable.sum() < REPLICATES // 2:
        return None, None
    found = np.linalg.solve(squares[usable], np.einsum("rni,rn->ri", x, y)[usable][..., None])[..., 0]
    alpha, beta = (percentiles(found[:, i], LEVEL) for i in (0, 1))
    return alpha, beta
