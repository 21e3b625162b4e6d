"""Two models on the same items."""

from __future__ import annotations

import numpy as np
import pytest

from rlvr_bench.reports.stats.items import paired_item_bootstrap
from tests.reports.decimals import close


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_the_interval_is_of_the_items_differences() -> None:
    # 4,096 items, a quarter each of +1, -1, 0, 0: mean 0, variance 1/2, standard error sqrt(.5 / 4096) = .011049
    a = np.tile([1.0, 0.0, 1.0, 0.0], 1024)
    b = np.tile([0.0, 1.0, 1.0, 0.0], 1024)
    found = paired_item_bootstrap(a, b, rng())
    assert (found.value, found.n, found.method) == (0.0, 4096, "bootstrap")
    close([found.low or 0, found.high or 0], [-1.959964 * 0.011049, 1.959964 * 0.011049], places=3)


def test_what_is_common_to_both_is_no_uncertainty() -> None:
    shares = rng(1).random(50)
    found = paired_item_bootstrap(shares + 0.1, shares, rng())
    close([found.low or 0, found.value, found.high or 0], [0.1, 0.1, 0.1])


def test_the_generator_is_used_and_unlike_items_are_refused() -> None:
    a, b = rng(2).random(30), rng(3).random(30)
    assert paired_item_bootstrap(a, b, rng(1)) == paired_item_bootstrap(a, b, rng(1))
    assert paired_item_bootstrap(a, b, rng(1)) != paired_item_bootstrap(a, b, rng(4))
    for x, y in ((a, b[:5]), ([], [])):
        with pytest.raises(ValueError, match="same items"):
            paired_item_bootstrap(x, y, rng())
