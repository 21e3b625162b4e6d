"""What every number of the report is given with: its interval, and the constants that all of them share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95  # of every interval, except beside an equivalence test
ALPHA = 0.05  # of every test
SMALL_N = 10  # fewer values than this: t interval; from here on: bootstrap
REPLICATES = 10_000  # draws of a bootstrap
SEED = 20260101  # of every bootstrap; each starts from it anew, so no number depends on what was computed before
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A number and its two-sided interval; one value alone has none (low and high are None)."""

    value: float
    low: float | None
    high: float | None
    n: int
    method: Literal["t", "log t", "bootstrap", "exact", "single", "score", "log-rank", "generalized"]

    @property
    def known(self) -> bool:
        return self.low is not None and self.high is not None


def percentiles(draws: Array, level: float) -> tuple[float, float]:
    """The ends of the central interval that holds this share of a bootstrap's draws."""
    tail = (1 - level) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)


def rng() -> np.random.Generator:
    """The generator that a number of the report is computed with."""
    return np.random.default_rng(SEED)
