"""One number of a cell is estimated here from its finished seeds."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import inf

from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.stats import Estimate, mean_estimate, rng


def over_seeds(
    cell: Cell, measure: Callable[[Run], float | None], *, least: float = 0.0, most: float = inf
) -> Estimate | None:
    """None where no finished run has the number.

    Args:
        least, most: limits of the quantity, where its interval ends; a value that passes them shows that the quantity
            has other limits (a reward of other weights), and then there are none.
    """
    values = [v for r in cell.finished if (v := measure(r)) is not None]
    if not values:
        return None
    inside = least <= min(values) and max(values) <= most
    return _estimate(tuple(values), (least, most) if inside else None)


@lru_cache(maxsize=4096)
def _estimate(values: tuple[float, ...], bounds: tuple[float, float] | None) -> Estimate:
    """Of the same values it is always the same, and several tables show them."""
    return mean_estimate(values, rng(), bounds=bounds)
