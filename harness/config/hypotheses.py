"""`[[hypotheses]]` of a suite file: what is to be shown, written down before the runs."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass as strict_dataclass

from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.records import FROM_MANY, FROM_SEARCHES, Hypothesis, Measure

MOST = 8
"""A suite with more primary hypotheses has none: each one more makes all of them harder to show."""
FROM_EVALUATIONS: tuple[Measure, ...] = (
    "pass@1",
    "greedy",
    "check_share",
    "length",
    "wrong_length",
    "target_seconds",
    "target_samples",
    "target_flops",
    *FROM_MANY,
)
_ID = re.compile(r"[a-z][a-z0-9_-]*\.[a-z][a-z0-9_-]*")


def k_of(measure: Measure) -> int:
    """Completions of an item that a measure of many samples needs; 0 of the others."""
    return int(measure.partition("@")[2]) if measure in FROM_MANY else 0


def largest_k(config: RunConfig) -> int:
    """Completions of an item that a run ends with; 0 where it does not ask for many."""
    return config.measure.many_samples if config.measure.many_items else 0


@strict_dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True))
class HypothesisTable(Hypothesis):
    """One table, as in the TOML file; its fields are those of the record."""

    def record(self) -> Hypothesis:
        """What suite.json says."""
        return Hypothesis(**vars(self))


@dataclass(frozen=True)
class PartFacts:
    """What hypotheses are checked against."""

    kind: str
    cells: Sequence[str]
    seeds: int
    searches: Mapping[str, int] = field(default_factory=dict)  # trials in the part, by search


def problems(hypotheses: Sequence[HypothesisTable], parts: Mapping[str, PartFacts]) -> list[str]:
    """What is wrong with them, a line for each, with the place and the remedy."""
    found = [
        f"hypotheses: duplicate id {name!r}; give each an id of its own"
        for name, count in Counter(h.id for h in hypotheses).items()
        if count > 1
    ]
    if len(hypotheses) > MOST:
        found.append(f"hypotheses: {len(hypotheses)}, at most {MOST}; leave the others to the report's descriptions")
    for hypothesis in hypotheses:
        lines = [*_form(hypothesis), *_margin(hypothesis), *_place(hypothesis, parts)]
        found += [f"hypotheses.{hypothesis.id}.{line}" for line in lines]
    return found


def _form(h: HypothesisTable) -> Iterator[str]:
    if not _ID.fullmatch(h.id):
        yield f"id: must be two words with a dot between, as in accuracy.final, got {h.id!r}"
    if not h.text.strip():
        yield "text: is empty; write the proposition as a sentence"
    if h.cells[0] == h.cells[1]:
        yield f"cells: both are {h.cells[0]!r}; name two different cells"
    if h.window < 1:
        yield f"window: must be at least 1 step, got {h.window}"
    if h.n < 2:
        yield f"n: must be at least 2 pairs, got {h.n}"


def _margin(h: HypothesisTable) -> Iterator[str]:
    least = 1.0 if h.scale == "ratio" else 0.0
    if not 0 <= h.margin < math.inf:
        yield f"margin: must be finite and at least 0, got {h.margin}"
    elif h.test == "equivalent" and h.margin <= least:
        yield f"margin: an equivalence of scale {h.scale} needs one above {least:g}, got {h.margin}"
    elif h.scale == "ratio" and h.margin == 0:
        yield f"margin: the threshold of a ratio must be above 0, got {h.margin}"


def _place(h: HypothesisTable, parts: Mapping[str, PartFacts]) -> Iterator[str]:
    part = parts.get(h.part)
    if part is None:
        yield f"part: no part {h.part!r} (parts: {', '.join(parts)})"
        return
    if h.measure in FROM_SEARCHES:
        yield from _searches(h, part)
        return
    for cell in dict.fromkeys(h.cells):
        if cell not in part.cells:
            yield f"cells: no cell {cell!r} in the part {h.part} (cells: {', '.join(part.cells)})"
    if h.n > part.seeds:
        yield f"n: {h.n} pairs planned, the part {h.part} has {part.seeds} seeds; add seeds, or plan fewer"
    if h.measure in FROM_EVALUATIONS and part.kind != "learning":
        others = ", ".join(m for m in get_args(Measure) if m not in (*FROM_EVALUATIONS, *FROM_SEARCHES))
        yield f"measure: {h.measure} needs a part of kind learning, {h.part} is {part.kind} (there: {others})"


def _searches(h: HypothesisTable, part: PartFacts) -> Iterator[str]:
    for name in dict.fromkeys(h.cells):
        if name not in part.searches:
            yield f"cells: no search {name!r} in the part {h.part} (searches: {', '.join(part.searches) or 'none'})"
        elif h.n > part.searches[name]:
            yield f"n: {h.n} trials planned, {name} has {part.searches[name]}; add trials, or plan fewer"
    if h.scale != "difference" or h.test == "equivalent":
        yield f"test: {h.measure} is compared as a difference, greater or less"
    if h.margin != 0:
        yield f"margin: Fisher's exact test has none, got {h.margin}; set it to 0"
