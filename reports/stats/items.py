"""Two models on the same evaluation items: the uncertainty that is left when both are given and the items are drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from rlvr_bench.reports.stats.estimate import LEVEL, REPLICATES, Estimate, percentiles


def paired_item_bootstrap(
    a: ArrayLike,
    b: ArrayLike,
    rng: np.random.Generator,
    *,
    level: float = LEVEL,
    replicates: int = REPLICATES,
) -> Estimate:
    """Percentile interval of the mean difference, items drawn with replacement.

    It says nothing about other seeds.  Shares of few samples take few values, so how often each is drawn is drawn at
    once (a multinomial): the same law as drawing items, without an array of replicates x items.

    Args:
        a: share right of each item under A.  (items,)
        b: likewise under B, in the same order.  (items,)
    Raises:
        ValueError: not the same items, or none.
    """
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if x.shape != y.shape or x.ndim != 1 or not len(x):
        raise ValueError(f"not the same items: shapes {x.shape} and {y.shape}")
    values, counts = np.unique(np.round(x - y, 12), return_counts=True)
    means = rng.multinomial(len(x), counts / len(x), replicates) @ values / len(x)
    low, high = percentiles(means, level)
    return Estimate(float((x - y).mean()), low, high, len(x), "bootstrap")
