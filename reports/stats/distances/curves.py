"""Over-optimization, scored out of sample: heights of peaks, and two algorithms at equal distance from the base model.

A peak picked and read on the same seeds is too high, the more so the noisier the curves, because what is picked is
partly noise.  Here one half of the seeds (or items) picks the position and the other half is read at it, both ways.
The height is that of the position picked, hence never above the true peak on average.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rlvr_bench.reports.stats.estimate import LEVEL, Array, Estimate
from rlvr_bench.reports.stats.intervals import t_interval

Curve = Sequence[tuple[float, float]]  # (sqrt(KL) from the base model, true reward) of one seed, in any order


@dataclass(frozen=True)
class Peak:
    """A peak's height, each seed read where seeds (or items) without it have their mean curve's highest point."""

    height: Estimate  # over seeds
    positions: tuple[float, float]  # distances picked by the first half and by the second
    in_sample: float  # highest point of the mean curve of all, which the same numbers picked and score


@dataclass(frozen=True)
class AtDistance:
    """A less B at one distance, over the seeds whose two curves both reach it."""

    distance: float
    difference: Estimate | None  # None where no pair reaches it
    dropped: int  # pairs of which one curve or both end before it, or begin after it


def at_distances(curve: Curve, distances: ArrayLike) -> Array:
    """The curve read at these distances by linear interpolation; NaN outside of what it covers.  (distances,)

    Points are taken in order of distance, not of time, and those of equal distance are averaged: a policy can come
    nearer to the base model again.
    """
    wanted = np.asarray(distances, dtype=float)
    if not curve:
        return np.full(wanted.shape, np.nan)
    points = np.asarray(curve, dtype=float)
    known, where = np.unique(points[:, 0], return_inverse=True)
    heights = np.bincount(where, weights=points[:, 1]) / np.bincount(where)
    return np.interp(wanted, known, heights, left=np.nan, right=np.nan)


def common_distances(curves: Sequence[Curve], count: int) -> Array:
    """So many equally spaced distances over the stretch that every curve covers.  (count,)

    Raises:
        ValueError: there is no such stretch.
    """
    if not curves or not all(curves):
        raise ValueError("a curve without points covers no distance")
    start = max(min(distance for distance, _ in curve) for curve in curves)
    end = min(max(distance for distance, _ in curve) for curve in curves)
    if start >= end:
        raise ValueError("the curves have no stretch of distances in common")
    return np.linspace(start, end, count)


def compare_at_distances(
    a: Mapping[int, Curve], b: Mapping[int, Curve], distances: Sequence[float], *, level: float = LEVEL
) -> tuple[AtDistance, ...]:
    """A less B at equal distance, paired by seed.

    Each interval holds for its own distance; nothing is corrected for looking at several.

    Args:
        a: curve of each seed.
        b: likewise; seeds that only one of the two has are left out.
        distances: fixed beforehand, in sqrt(nats per completion).
    """
    seeds = [seed for seed in a if seed in b]
    gaps = np.array([at_distances(a[s], distances) - at_distances(b[s], distances) for s in seeds])
    found = []
    for distance, column in zip(distances, gaps.reshape(len(seeds), len(distances)).T, strict=True):
        kept = column[np.isfinite(column)]
        estimate = t_interval(kept, level=level) if len(kept) else None
        found.append(AtDistance(distance, estimate, len(seeds) - len(kept)))
    return tuple(found)


def peak_over_seeds(curves: Sequence[Curve], *, count: int = 24, level: float = LEVEL) -> Peak:
    """The seeds in even places pick a position at which those in odd places are read, and the other way round.

    Args:
        curves: one of each seed, four at least.
        count: positions that can be picked, evenly over the stretch that all curves cover.
    Raises:
        ValueError: fewer than four curves, or none of their stretch in common.
    """
    if len(curves) < 4:
        raise ValueError(f"{len(curves)} curves cannot be halved: each half needs two")
    distances = common_distances(curves, count)
    heights = np.array([at_distances(curve, distances) for curve in curves])  # (seeds, count)
    first, second = int(heights[::2].mean(axis=0).argmax()), int(heights[1::2].mean(axis=0).argmax())
    read = np.where(np.arange(len(curves)) % 2 == 0, heights[:, second], heights[:, first])
    return _peak(read, distances, (first, second), heights, level)


def peak_over_items(first: Sequence[Curve], second: Sequence[Curve], *, count: int = 24, level: float = LEVEL) -> Peak:
    """Likewise with two halves of the evaluation's items: the same seeds, scored on either half.

    That takes out what the items add to the selection, not what the seeds do: use it where there are few seeds.

    Args:
        first: one curve of each seed over the first half of the items.
        second: likewise over the second half.
    Raises:
        ValueError: not the same number of seeds, none at all, or no stretch of distances in common.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} curves of the first half of the items, {len(second)} of the second")
    distances = common_distances([*first, *second], count)
    one = np.array([at_distances(curve, distances) for curve in first])
    two = np.array([at_distances(curve, distances) for curve in second])
    picked = int(one.mean(axis=0).argmax()), int(two.mean(axis=0).argmax())
    read = (two[:, picked[0]] + one[:, picked[1]]) / 2
    return _peak(read, distances, picked, (one + two) / 2, level)


def _peak(read: Array, distances: Array, picked: tuple[int, int], heights: Array, level: float) -> Peak:
    positions = float(distances[picked[0]]), float(distances[picked[1]])
    return Peak(t_interval(read, level=level), positions, float(heights.mean(axis=0).max()))
