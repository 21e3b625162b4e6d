"""Time to a target accuracy, or to a collapse, when some runs end before they come to it.

Such a run is censored: all that is known is that it takes longer than it ran.  Leaving it out would favor the cell that
fails more often, so means are those of Kaplan-Meier's curve up to a horizon that every cell is given alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt
from typing import Any, Literal

import numpy as np
from scipy import stats as scipy_stats

from rlvr_bench.reports.stats.estimate import LEVEL, Array, Estimate
from rlvr_bench.reports.stats.t_tests import paired_test

Points = Sequence[tuple[float, float]]  # (steps, samples, FLOPs or seconds so far; accuracy), in order of time


@dataclass(frozen=True)
class Arrival:
    """When one run reached the target, or how long it ran without."""

    time: float  # in the unit of the points
    reached: bool


@dataclass(frozen=True)
class TimeToTarget:
    """One cell over its runs."""

    median: float | None  # None where fewer than half reached the target (by Kaplan-Meier's curve)
    restricted_mean: float  # mean of min(time, horizon)
    horizon: float
    reached: int
    n: int


@dataclass(frozen=True)
class TimeComparison:
    """Two cells; `method` says which of the numbers is the comparison."""

    method: Literal["paired ratio", "log-rank", "none"]  # none: no run reached the target, or all did at once
    p: float | None  # two-sided; None for "none"
    ratio: Estimate | None  # A / B over the pairs of which both reached it; None without such a pair
    both: int  # pairs of which both reached the target
    pairs: int


def time_to_reach(points: Points, target: float) -> Arrival:
    """The first point at or above the target; censored at the last point if there is none.

    Raises:
        ValueError: there are no points.
    """
    if not points:
        raise ValueError("a run without evaluations has no time to a target")
    for time, accuracy in points:
        if accuracy >= target:
            return Arrival(time, True)
    return Arrival(points[-1][0], False)


def survival(arrivals: Sequence[Arrival]) -> tuple[Array, Array]:
    """Kaplan-Meier: times in order, and the estimated share of runs that have not reached the target after each."""
    found: Any = scipy_stats.ecdf(right_censored(arrivals))
    return np.asarray(found.sf.quantiles, dtype=float), np.asarray(found.sf.probabilities, dtype=float)


def time_to_target(arrivals: Sequence[Arrival], *, horizon: float | None = None) -> TimeToTarget:
    """Median and restricted mean time of one cell's runs.

    The restricted mean is the area under Kaplan-Meier's curve from 0 to the horizon.

    Args:
        arrivals: one a run.
        horizon: the same for all cells that are compared; without one, the longest time of these runs.
    Raises:
        ValueError: no runs, or a horizon beyond what was watched while a run is still on its way.
    """
    if not arrivals:
        raise ValueError("no runs")
    longest = max(a.time for a in arrivals)
    end = float(longest if horizon is None else horizon)
    times, left = survival(arrivals)
    if end > longest and left[-1] > 0:
        raise ValueError(f"nothing is known between {longest:g} and the horizon {end:g}")
    half = times[left <= 0.5 + 1e-12]  # the product of the shares is not exactly a half where it should be
    edges = np.concatenate([[0.0], np.minimum(times, end), [end]])
    area = float((np.diff(edges) * np.concatenate([[1.0], left])).sum())
    return TimeToTarget(
        median=float(half[0]) if len(half) else None,
        restricted_mean=area,
        horizon=end,
        reached=sum(a.reached for a in arrivals),
        n=len(arrivals),
    )


def compare_times(a: Mapping[int, Arrival], b: Mapping[int, Arrival]) -> TimeComparison:
    """A against B, paired by seed: the ratio of times where every run arrived, otherwise the log-rank test.

    A ratio over only those pairs of which both arrived is of chosen pairs; it is given, but p is then the log-rank's,
    which treats the cells as unpaired and is an approximation for large n.  So it is where a run began at the target,
    because there is no ratio to a time of 0, and where there is one pair.
    """
    seeds = [seed for seed in a if seed in b]
    both = [s for s in seeds if a[s].reached and b[s].reached]
    ratio, p_ratio = None, None
    if len(both) > 1 and all(a[s].time > 0 and b[s].time > 0 for s in both):
        found = paired_test("greater", [a[s].time for s in both], [b[s].time for s in both], margin=1.0, scale="ratio")
        ratio = Estimate(found.estimate, found.low, found.high, found.n, "log t")
        p_ratio = min(found.p, found.p_against)
    if p_ratio is not None and len(both) == len(seeds):
        return TimeComparison("paired ratio", p_ratio, ratio, len(both), len(seeds))
    if not any(a[s].reached or b[s].reached for s in seeds):
        return TimeComparison("none", None, None, 0, len(seeds))
    with np.errstate(all="ignore"):  # where all arrive at one time the test divides 0 by 0
        test: Any = scipy_stats.logrank(right_censored([a[s] for s in seeds]), right_censored([b[s] for s in seeds]))
    if np.isnan(test.pvalue):
        return TimeComparison("none", None, ratio, len(both), len(seeds))
    return TimeComparison("log-rank", float(test.pvalue), ratio, len(both), len(seeds))


def hazard_ratio(a: Sequence[Arrival], b: Sequence[Arrival], *, level: float = LEVEL) -> tuple[Estimate, float] | None:
    """How much sooner A's runs arrive than B's, as Peto's ratio of hazards, and the two-sided p of the log-rank test.

    With O arrivals of A, E of them expected if both had one hazard and V their hypergeometric variance, the ratio is
    exp((O - E) / V) and its interval exp((O - E) / V -+ z / sqrt(V)), which excludes 1 exactly where the test rejects.
    For ratios far from 1 it is nearer to 1 than the truth.  None where no arrival could tell the two apart.
    """
    excess = variance = 0.0
    for time in sorted({one.time for one in (*a, *b) if one.reached}):
        left_a, left_b = (sum(one.time >= time for one in runs) for runs in (a, b))
        now_a, now_b = (sum(one.time == time and one.reached for one in runs) for runs in (a, b))
        left, now = left_a + left_b, now_a + now_b
        excess += now_a - now * left_a / left
        variance += now * left_a * left_b * (left - now) / (left**2 * (left - 1)) if left > 1 else 0.0
    if variance == 0:
        return None
    middle, half = excess / variance, float(scipy_stats.norm.ppf((1 + level) / 2)) / sqrt(variance)
    p = 2 * float(scipy_stats.norm.sf(abs(excess) / sqrt(variance)))
    ratio = Estimate(exp(middle), exp(middle - half), exp(middle + half), min(len(a), len(b)), "log-rank")
    return ratio, p


def right_censored(arrivals: Sequence[Arrival]) -> Any:
    """As scipy takes them."""
    times = np.array([a.time for a in arrivals], dtype=float)
    return scipy_stats.CensoredData.right_censored(times, np.array([not a.reached for a in arrivals]))
