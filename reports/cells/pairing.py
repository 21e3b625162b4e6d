"""One number of two cells is paired here over the seeds that finished in both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import correlation

from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.numbers import count


@dataclass(frozen=True)
class Paired:
    """One number of two cells, over the seeds where both have it."""

    seeds: tuple[int, ...]
    a: tuple[float, ...]
    b: tuple[float, ...]

    @property
    def correlation(self) -> float | None:
        """Of the pairs, by Pearson: how much pairing by seed took out; None below three or without spread."""
        if len(self.seeds) < 3 or len(set(self.a)) < 2 or len(set(self.b)) < 2:
            return None
        return correlation(self.a, self.b)

    @property
    def n(self) -> str:
        return count(len(self.seeds), "paired seed")


def pair(a: Cell, b: Cell, measure: Callable[[Run], float | None]) -> Paired | None:
    """None where no seed finished in both cells with this number."""
    found = {r.seed: measure(r) for r in a.finished}, {r.seed: measure(r) for r in b.finished}
    rows = [(s, x, y) for s, x in found[0].items() if x is not None and (y := found[1].get(s)) is not None]
    if not rows:
        return None
    seeds, xs, ys = zip(*rows, strict=True)
    return Paired(seeds, xs, ys)
