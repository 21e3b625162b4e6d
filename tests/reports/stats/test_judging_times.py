"""Times to a target with runs that never arrive: by hand at the edges, both outcomes and coverage by simulation."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from rlvr_bench.reports.stats import Arrival, Kind, judge, judge_times
from tests.reports.decimals import close


def arrivals(times: list[float] | np.ndarray, end: float) -> dict[int, Arrival]:
    return {i: Arrival(min(float(t), end), bool(t <= end)) for i, t in enumerate(times)}


def test_where_all_arrive_it_is_the_paired_judgment() -> None:
    x, y = [50.0, 61.0, 72.0], [100.0, 120.0, 150.0]
    for kind, margin in (("less", 0.9), ("equivalent", 2.5)):
        found = judge_times(kind, arrivals(x, 200), arrivals(y, 200), margin=margin, planned=3)
        assert found == judge(kind, x, y, margin=margin, planned=3, scale="ratio")


def test_runs_that_never_arrive_bound_the_ratio() -> None:
    """A never arrives in 100; B does at 20 to 29, so A takes over 100 / 29 times as long, by the order of times."""
    a, b = arrivals([999.0] * 10, 100), arrivals([20.0 + i for i in range(10)], 100)
    found = judge_times("less", a, b, margin=1.0, planned=10)
    assert found.outcome == "refuted"
    assert found.test is not None
    assert found.test.high == found.test.estimate == float("inf")
    assert 100 / 29 < found.test.low < 100 / 20
    swapped = judge_times("less", b, a, margin=1.0, planned=10)
    assert swapped.outcome == "supported"
    assert swapped.test is not None
    close(swapped.test.high, 1 / found.test.low, places=4)
    assert swapped.test.low == 0.0


def test_a_shift_of_time_is_found_on_the_scale_of_differences() -> None:
    a, b = arrivals([10.0 + i for i in range(9)] + [999.0], 60), arrivals([40.0 + i for i in range(9)] + [999.0], 60)
    found = judge_times("less", a, b, margin=10.0, planned=10, scale="difference")
    assert found.outcome == "supported"
    assert found.test is not None
    assert found.test.low < -30.0 < found.test.high < -10.0


@pytest.mark.parametrize(
    ("a", "b", "planned", "reason"),
    [
        ([999.0] * 6, [999.0] * 6, 6, "no run of either cell reached the target"),
        ([50.0] * 4 + [999.0] * 2, [50.0] * 6, 8, "6 finished pairs, 8 were planned"),
        ([50.0, 60.0, 999.0], [50.0] * 3, 0, "3 finished pairs, the rule needs 5"),
        ([0.0] * 6, [0.0] * 6, 6, "every run was at the target before training"),
    ],
)
def test_undecidable(a: list[float], b: list[float], planned: int, reason: str) -> None:
    found = judge_times("less", arrivals(a, 100), arrivals(b, 100), margin=1.0, planned=planned)
    assert (found.outcome, found.reason) == ("undecidable", reason)
    assert found.p == 1.0


def test_a_margin_that_makes_no_proposition_is_refused() -> None:
    with pytest.raises(ValueError, match="makes no proposition"):
        judge_times("equivalent", {}, {}, margin=1.0, planned=3)


@pytest.mark.parametrize(
    ("kind", "margin", "holds", "fails"),
    [("less", 1.0, 0.4, 2.5), ("less", 0.6, 0.25, 1.5), ("equivalent", 2.0, 1.0, 0.2)],
)
def test_both_outcomes_at_ten_pairs_with_censoring(kind: Kind, margin: float, holds: float, fails: float) -> None:
    """40 studies a truth; about a third of B's runs do not arrive.  Errors are rare, either conclusion is common."""
    rng = np.random.default_rng(7)
    for truth, right, wrong in ((holds, "supported", "refuted"), (fails, "refuted", "supported")):
        counts, covered = Counter(), 0
        for _ in range(40):
            x, y = (100 * np.exp(rng.normal(0, 0.3, 10)) for _ in range(2))
            found = judge_times(kind, arrivals(x * truth, 115), arrivals(y, 115), margin=margin, planned=10)
            counts[found.outcome] += 1
            covered += found.test is not None and found.test.low <= truth <= found.test.high
        assert counts[right] >= 24, counts
        assert counts[wrong] == 0
        assert covered >= 32


def test_without_a_difference_neither_is_found() -> None:
    """At the threshold itself 5 of 100 studies are nominal; 9 of 60 would be a defect (p = .005)."""
    rng, wrong = np.random.default_rng(11), 0
    for _ in range(60):
        x, y = (100 * np.exp(rng.normal(0, 0.3, 10)) for _ in range(2))
        found = judge_times("less", arrivals(x, 115), arrivals(y, 115), margin=1.0, planned=10)
        wrong += found.outcome != "inconclusive"
    assert wrong <= 8
