"""pass@k and maj@k of policies that were asked many times, beside the base models that they started from.

A policy crosses its base model at the k from which on the base solves more items: where the mean difference over the
runs first falls below 0, read between the recorded k on a line over log k.  Its interval is a bootstrap over the runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from statistics import fmean
from typing import Literal

import numpy as np

from rlvr_bench.harness.records import BaseMeasurement, SampledCounts
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.stats import LEVEL, REPLICATES, Array, Estimate, rng, t_interval

Kind = Literal["pass", "maj"]
KINDS: tuple[Kind, ...] = ("pass", "maj")


def many_at(run: Run, measure: str) -> float | None:
    """pass@k or maj@k, as "pass@64"; 0 of a run that diverged, None of one that did not ask, or not so often."""
    kind, _, k = measure.partition("@")
    if run.many:
        return _curve(run.many[-1].test, "maj" if kind == "maj" else "pass").get(int(k))
    return 0.0 if run.state == "diverged" else None


def asked(cells: Sequence[Cell]) -> list[Cell]:
    """Those with a run that was asked many times."""
    return [c for c in cells if any(r.many for r in c.finished)]


def ks_of(cells: Sequence[Cell]) -> list[int]:
    """Every k that all of their runs have."""
    found = [set(_curve(r.many[-1].test, "pass")) for c in cells for r in c.finished if r.many]
    return sorted(set.intersection(*found)) if found else []


def cell_curve(cell: Cell, kind: Kind) -> dict[int, Estimate]:
    """By k: mean over the runs and Student's interval."""
    runs = [_curve(r.many[-1].test, kind) for r in cell.finished if r.many]
    return {k: t_interval([one[k] for one in runs]) for k in ks_of([cell])} if runs else {}


def base_curve(bases: Sequence[BaseMeasurement], kind: Kind) -> dict[int, float]:
    """By k: mean over the base models; empty where none was asked."""
    found = [_curve(b.drawn.test, kind) for b in bases if b.drawn]
    return {k: fmean(one[k] for one in found) for k in sorted(set.intersection(*map(set, found)))} if found else {}


def base_of(run: Run, bases: Sequence[BaseMeasurement]) -> SampledCounts | None:
    """What the base model that a run started from was found to do."""
    wanted = run.config.get("warm_start")
    return next((b.drawn.test for b in bases if b.drawn and b.settings.get("warm_start") == wanted), None)


def gains(cell: Cell, bases: Sequence[BaseMeasurement], kind: Kind) -> tuple[list[int], dict[int, Array]]:
    """Seeds, and by k what each of their runs is above its own base model; seeds without either are left out."""
    both = [(r, b) for r in cell.finished if r.many and (b := base_of(r, bases))]
    curves = [(_curve(r.many[-1].test, kind), _curve(b, kind)) for r, b in both]
    ks = sorted(set.intersection(*(a.keys() & b.keys() for a, b in curves))) if curves else []
    return [r.seed for r, _ in both], {k: np.array([a[k] - b[k] for a, b in curves]) for k in ks}


def temperatures(cell: Cell) -> dict[float, int]:
    """How many runs were given each temperature, in order."""
    found = [r.many[-1].test.temperature for r in cell.finished if r.many]
    return {t: found.count(t) for t in sorted(set(found))}


@dataclass(frozen=True)
class Crossing:
    """Where a policy falls below its base model."""

    k: float | None  # None: nowhere up to `most`
    low: float | None  # likewise
    high: float | None
    share: float  # of the bootstrap's draws that cross at all
    most: int  # the largest k


def crossing(by_k: Mapping[int, Array]) -> Crossing | None:
    """Of the gains of at least two runs; None of fewer, or of a single k."""
    ks = list(by_k)
    values = np.array([by_k[k] for k in ks]).T  # (runs, ks)
    if len(ks) < 2 or len(values) < 2:
        return None
    draws = values[rng().integers(0, len(values), (REPLICATES, len(values)))].mean(1)
    found = np.sort([_first_below(ks, row) for row in draws])
    tail = int((1 - LEVEL) / 2 * len(found))
    ends = (_first_below(ks, values.mean(0)), float(found[tail]), float(found[-1 - tail]))
    k, low, high = (None if end == np.inf else end for end in ends)
    return Crossing(k, low, high, float(np.isfinite(found).mean()), ks[-1])


def _first_below(ks: Sequence[int], gains: Array) -> float:
    """The k, read on a line over log k, at which the gain falls below 0; the first k where it begins there."""
    below = np.flatnonzero(gains < 0)
    if not len(below):
        return float("inf")
    at = int(below[0])
    if at == 0:
        return float(ks[0])
    share = gains[at - 1] / (gains[at - 1] - gains[at])
    return float(2 ** (log2(ks[at - 1]) + share * (log2(ks[at]) - log2(ks[at - 1]))))


def _curve(counts: SampledCounts, kind: Kind) -> dict[int, float]:
    values = counts.pass_at if kind == "pass" else counts.maj_at
    return {int(k): value for k, value in values.items()}
