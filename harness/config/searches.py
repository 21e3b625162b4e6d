"""`[searches.NAME]` of a suite file: settings that are drawn at random, each draw a cell of its own, a trial.

Random search (Bergstra & Bengio 2012): with as many trials for each algorithm, each over its own space, none
is tuned more than another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as strict_dataclass

from rlvr_bench.harness.config.layers import merge, nested
from rlvr_bench.harness.config.ranges import Count
from rlvr_bench.harness.seeding import derive_seed

_STRICT = ConfigDict(extra="forbid", strict=True)
DIGITS = 3  # significant, of a number that is drawn: nobody tunes finer, and a person has to read it


@strict_dataclass(frozen=True, config=_STRICT)
class Axis:
    """One setting of a space: one of `values`, or a number from `low` to `high`."""

    values: list[Any] = field(default_factory=list)
    low: float | None = None
    high: float | None = None
    scale: Literal["linear", "log"] = "log"

    def problem(self) -> str:
        """What is wrong with it, or ""."""
        if self.values:
            return "" if self.low is None and self.high is None else "give values, or low and high, not both"
        if self.low is None or self.high is None:
            return "give values, or low and high"
        if not self.low < self.high or not math.isfinite(self.high - self.low):
            return f"low must be below high, got {self.low:g} and {self.high:g}"
        return f"low must be above 0 on a log scale, got {self.low:g}" if self.scale == "log" and self.low <= 0 else ""

    def draw(self, rng: Random) -> Any:
        """One value, each as likely as any other; numbers uniform on the scale."""
        if self.values:
            return rng.choice(self.values)
        assert self.low is not None and self.high is not None  # `problem` was asked
        log = self.scale == "log"
        low, high = (math.log(self.low), math.log(self.high)) if log else (self.low, self.high)
        value = rng.uniform(low, high)
        return float(f"{math.exp(value) if log else value:.{DIGITS}g}")


@strict_dataclass(frozen=True, config=_STRICT)
class Search:
    """Cells that differ in what is drawn for them."""

    label: str
    trials: Annotated[int, Field(ge=1, le=999)]
    space: Annotated[dict[str, Axis], Field(min_length=1)]
    """By the path of a setting, as in `--set`: `train.lr`."""
    seed: Count = 0
    """Of the draws."""
    run: dict[str, Any] = field(default_factory=dict)
    """Settings of every trial."""


@dataclass(frozen=True)
class Trial:
    """One draw."""

    name: str  # of the cell: <search>-<number>
    label: str
    run: Mapping[str, Any]


def problems(searches: Mapping[str, Search], cells: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with them, a line for each, with the place and the remedy."""
    for name, search in searches.items():
        if name in cells:
            yield f"searches.{name}: a cell has this name as well; rename one of them"
        for path, axis in search.space.items():
            if problem := axis.problem():
                yield f"searches.{name}.space.{path}: {problem}"


def trials(name: str, search: Search) -> list[Trial]:
    """The draws of a search; the first n are the same however many there are."""
    return [_trial(name, search, number) for number in range(1, search.trials + 1)]


def _trial(name: str, search: Search, number: int) -> Trial:
    rng = Random(derive_seed("trial", name, search.seed, number))
    drawn = [nested(path, axis.draw(rng)) for path, axis in search.space.items()]
    return Trial(f"{name}-{number:02d}", f"{search.label}, trial {number}", merge(search.run, *drawn))
