"""Tests of paired means, each with the interval that decides it.

Which interval when.  Two one-sided tests (TOST) at ALPHA reject exactly where the 90 % interval lies inside the margin,
so an equivalence is printed with that one.  Everything else is printed with the 95 % interval; its one-sided p is
doubled, so that p below ALPHA and "the interval excludes the threshold" are one statement.  Intervals and tests of one
result are Student's on the same numbers at every n, hence they never contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats as scipy_stats

from rlvr_bench.reports.stats.estimate import ALPHA, LEVEL, Array
from rlvr_bench.reports.stats.intervals import log_ratios, t_interval

Kind = Literal["equivalent", "greater", "less"]
Scale = Literal["difference", "ratio"]
EQUIVALENCE_LEVEL = 1 - 2 * ALPHA  # the interval that two one-sided tests at ALPHA decide by


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """One proposition about A less B, or A / B, over pairs of equal seeds."""

    kind: Kind
    scale: Scale
    margin: float
    estimate: float  # mean difference, or ratio of geometric means
    low: float
    high: float
    level: float  # of the interval from low to high
    p: float  # of the proposition: below ALPHA exactly where the interval lies where the proposition says
    p_against: float  # of its opposite: below ALPHA exactly where the whole interval lies on the other side
    n: int  # pairs


def t_test(values: ArrayLike, threshold: float, *, side: Literal["two", "greater", "less"] = "two") -> float:
    """p of Student's test of the mean against a threshold; without spread 0 or 1, as the mean lies."""
    x = np.asarray(values, dtype=float)
    if len(x) < 2:
        return 1.0
    gap, error = float(x.mean() - threshold), float(x.std(ddof=1) / np.sqrt(len(x)))
    if error <= 1e-15 * max(1.0, abs(threshold)):
        holds = {"two": gap != 0, "greater": gap > 0, "less": gap < 0}[side]
        return 0.0 if holds else 1.0
    t, df = gap / error, len(x) - 1
    if side == "two":
        return float(2 * scipy_stats.t.sf(abs(t), df))
    return float(scipy_stats.t.sf(t if side == "greater" else -t, df))


def tost(differences: ArrayLike, low: float, high: float) -> float:
    """p of two one-sided t tests: small means that the mean lies inside (low, high)."""
    return max(t_test(differences, low, side="greater"), t_test(differences, high, side="less"))


def level_of(kind: Kind) -> float:
    """The level of the interval that decides a proposition of this kind."""
    return EQUIVALENCE_LEVEL if kind == "equivalent" else LEVEL


def edges(kind: Kind, margin: float, scale: Scale) -> tuple[float, float]:
    """The band inside which the mean lies if the proposition holds; for a ratio, its logarithm.

    `greater`: a difference above margin, a ratio above margin.  `less`: a difference below -margin, a ratio below
    margin.  `equivalent`: a difference within -margin and margin, a ratio within 1 / margin and margin.

    Raises:
        ValueError: the margin leaves no band: below 0, a ratio's not above 0, an equivalence's not above 0 (1).
    """
    ratio = scale == "ratio"
    if margin < 0 or (ratio and margin == 0) or (kind == "equivalent" and margin <= float(ratio)):
        raise ValueError(f"a margin of {margin:g} makes no proposition ({kind}, {scale})")
    edge = float(np.log(margin)) if ratio else margin
    if kind == "greater":
        return edge, float("inf")
    if kind == "less":
        return -float("inf"), edge if ratio else -edge
    return -edge, edge


def paired_effects(a: ArrayLike, b: ArrayLike, scale: Scale) -> Array:
    """A less B of each pair, or log A - log B.  (n,)

    Raises:
        ValueError: not as many A as B; a value that is not finite; a ratio of values that are not above 0.
    """
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"pairs need as many values of A as of B, found shapes {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("a pair is finished only when both of its values are finite numbers")
    return x - y if scale == "difference" else log_ratios(x, y)


def paired_test(kind: Kind, a: ArrayLike, b: ArrayLike, *, margin: float, scale: Scale = "difference") -> PairedTest:
    """TOST with its 90 % interval, or superiority with its 95 % interval, of differences or of log ratios.

    Args:
        a: values of A, one a pair.  (n,)
        b: values of B in the same order.  (n,)
        margin: what it means for each kind and scale stands at `edges`; in the unit of the values, or a ratio.
    Raises:
        ValueError: fewer than two pairs, or what `edges` and `paired_effects` refuse.
    """
    low_edge, high_edge = edges(kind, margin, scale)
    x = paired_effects(a, b, scale)
    if len(x) < 2:
        raise ValueError("a test needs at least two pairs")
    if kind == "equivalent":
        p = tost(x, low_edge, high_edge)
        p_against = min(t_test(x, low_edge, side="less"), t_test(x, high_edge, side="greater"))
    else:
        threshold = low_edge if kind == "greater" else high_edge
        above = min(1.0, 2 * t_test(x, threshold, side="greater"))
        below = min(1.0, 2 * t_test(x, threshold, side="less"))
        p, p_against = (above, below) if kind == "greater" else (below, above)
    found = t_interval(x, level=level_of(kind))
    assert found.low is not None and found.high is not None  # two pairs at least
    value, low, high = found.value, found.low, found.high
    if scale == "ratio":
        value, low, high = (float(np.exp(v)) for v in (value, low, high))
    return PairedTest(
        kind=kind,
        scale=scale,
        margin=margin,
        estimate=value,
        low=low,
        high=high,
        level=level_of(kind),
        p=p,
        p_against=p_against,
        n=len(x),
    )
