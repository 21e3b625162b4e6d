"""The best of n completions of a base model is read here, as a reward model picked it, at its analytic distance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.stats import best_of_n_distance

Points = list[tuple[float, float]]


def best_of(run: Run, what: Literal["true", "proxy"] = "true") -> Points:
    """(distance, mean of the best of n) for n = 1, 2, 4 ...; empty where it was not measured.

    The distance is that of n different scores; where completions are equal the best of n is nearer than that.
    """
    facts = run.summary.reward_model.get("best_of") if run.summary else None
    if not facts:
        return []
    return [(best_of_n_distance(int(n)), float(v)) for n, v in zip(facts["n"], facts[what], strict=True)]


def best_of_runs(cells: Sequence[Cell]) -> list[Run]:
    """One run of each distinct reward model that it was measured with, in the order of cells and seeds."""
    found: dict[str, Run] = {}
    for cell in cells:
        for run in cell.runs:
            if best_of(run) and run.summary:
                found.setdefault(repr(sorted(run.summary.reward_model.items())), run)
    return list(found.values())
