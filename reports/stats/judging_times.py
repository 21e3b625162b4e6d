"""A proposition about times to a target is judged here, with the runs that never reach it.

Where every run of both cells arrives, it is `judge` on the paired times.  Otherwise A's times are held against B's,
moved by the effect in question (multiplied for a ratio, shifted for a difference), with the log-rank test: the effects
that it does not reject are the interval.  That treats the cells as unpaired and is an approximation: with three pairs
it errs in 8 of 100 studies instead of 5, from LEAST_PAIRS on in about 6 (a simulation of 1,500 studies a row).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import exp, inf, isfinite, log
from typing import Any, Literal

import numpy as np
from scipy import stats as scipy_stats

from rlvr_bench.reports.stats.censored import Arrival, right_censored
from rlvr_bench.reports.stats.judging import Judgment, decided, judge, too_few
from rlvr_bench.reports.stats.t_tests import Kind, PairedTest, Scale, edges, level_of

LEAST_PAIRS = 5
WIDEST = 1000.0  # ratios beyond it, and differences beyond the longest time, are not looked for
HALVINGS = 20
Side = Literal["less", "greater"]


def judge_times(
    kind: Kind,
    a: Mapping[int, Arrival],
    b: Mapping[int, Arrival],
    *,
    margin: float,
    planned: int,
    scale: Scale = "ratio",
) -> Judgment:
    """The outcome of one proposition about A's times and B's, by seed, and why.

    Args:
        a: arrival of each seed.
        b: likewise; seeds that only one of the two has are left out.
        margin: see `edges`.
        planned: pairs that were planned; fewer finished ones are not judged.
    Raises:
        ValueError: what `edges` refuses.
    """
    edges(kind, margin, scale)
    seeds = [seed for seed in a if seed in b]
    x, y = [a[s] for s in seeds], [b[s] for s in seeds]
    times = [one.time for one in (*x, *y)]
    if x and all(one.reached for one in (*x, *y)) and (scale == "difference" or min(times) > 0):
        return judge(kind, [i.time for i in x], [i.time for i in y], margin=margin, planned=planned, scale=scale)
    why_not = too_few(len(seeds), planned, LEAST_PAIRS)
    if not why_not and not any(one.reached for one in (*x, *y)):
        why_not = "no run of either cell reached the target"
    if not why_not and max(times) <= 0:
        why_not = "every run was at the target before training"
    if why_not:
        return Judgment(outcome="undecidable", reason=why_not, n=len(seeds), planned=planned)
    return decided(_test(kind, x, y, margin, scale), planned)


def _test(kind: Kind, x: Sequence[Arrival], y: Sequence[Arrival], margin: float, scale: Scale) -> PairedTest:
    low_edge, high_edge = edges(kind, margin, scale)
    earlier, later = (lambda e: _p(x, y, e, scale, "greater")), (lambda e: _p(x, y, e, scale, "less"))
    if kind == "equivalent":
        p, p_against = max(later(low_edge), earlier(high_edge)), min(earlier(low_edge), later(high_edge))
    else:
        threshold = low_edge if kind == "greater" else high_edge
        above, below = min(1.0, 2 * later(threshold)), min(1.0, 2 * earlier(threshold))
        p, p_against = (above, below) if kind == "greater" else (below, above)
    level, reach = level_of(kind), log(WIDEST) if scale == "ratio" else max(i.time for i in (*x, *y))
    tail = (1 - level) / 2
    low, high = -_end(lambda e: later(-e), tail, reach), _end(earlier, tail, reach)
    middle = _end(earlier, 0.5, reach)
    values = [exp(v) if scale == "ratio" and isfinite(v) else v for v in (middle, low, high)]
    if scale == "ratio":
        values = [0.0 if v == -inf else v for v in values]
    return PairedTest(
        kind=kind,
        scale=scale,
        margin=margin,
        estimate=values[0],
        low=values[1],
        high=values[2],
        level=level,
        p=p,
        p_against=p_against,
        n=len(x),
    )


def _p(x: Sequence[Arrival], y: Sequence[Arrival], effect: float, scale: Scale, side: Side) -> float:
    """p of A as early as B moved by the effect, against earlier (`greater` hazard) or later (`less`); 1 if unknown."""
    moved = [Arrival(i.time * exp(effect) if scale == "ratio" else max(0.0, i.time + effect), i.reached) for i in y]
    with np.errstate(all="ignore"):  # without a time at which both were watched the test divides 0 by 0
        found: Any = scipy_stats.logrank(right_censored(x), right_censored(moved), alternative=side)
    return 1.0 if np.isnan(found.pvalue) else float(found.pvalue)


def _end(p: Callable[[float], float], tail: float, reach: float) -> float:
    """The smallest effect that is rejected at this tail; infinite where none within reach is."""
    inside, outside = -reach, reach
    if p(outside) >= tail:
        return inf
    if p(inside) < tail:
        return -inf
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if p(middle) < tail:
            outside = middle
        else:
            inside = middle
    return outside
