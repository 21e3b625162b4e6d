"""How large a random search has to be is measured here: two searches against the best that either of them found.

The yardstick is one for both, NEAR of the best score of all trials.  A search whose own best is far below it needs more
trials however even its own scores are; where both draw from one law of scores, either share is as likely the larger.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.tuning import DRAWS, NEAR, Search, expected_best, searches
from rlvr_bench.reports.stats import LEVEL, rng

BothSearches = tuple[Search, Search]


def matched_searches(cells: Sequence[Cell]) -> BothSearches | None:
    """The first search of an algorithm with a critic and the first of one without, by the models of their trials."""
    found = searches(cells)
    critic, free = (next((s for s in found if _has_critic(s) is wanted), None) for wanted in (True, False))
    return (critic, free) if critic and free else None


def _has_critic(search: Search) -> bool | None:
    """None where no trial left its models, or they differ."""
    known = {"critic" in t.cell.roles for t in search.trials if t.cell.roles}
    return known.pop() if len(known) == 1 else None


def yardstick(both: Sequence[Search]) -> float:
    """NEAR of the best score of all."""
    return NEAR * max(s.best.score for s in both)


def near(search: Search, least: float) -> int:
    """Trials with at least this score."""
    return sum(t.score >= least for t in search.trials)


def trials_to_reach(scores: Sequence[float], least: float) -> int | None:
    """The fewest trials whose best is expected to have at least this score; None where all of them are too few."""
    reached = np.flatnonzero(expected_best(scores) >= least)
    return int(reached[0]) + 1 if len(reached) else None


def trials_interval(scores: Sequence[float], least: float) -> tuple[int | None, int | None]:
    """Percentile interval of `trials_to_reach` by a bootstrap over the trials; None is more than there are."""
    x = np.asarray(scores, dtype=float)
    drawn = expected_best(x[rng().integers(0, len(x), (DRAWS, len(x)))]) >= least
    needed = np.sort(np.where(drawn.any(-1), drawn.argmax(-1) + 1, len(x) + 1))
    tail = int((1 - LEVEL) / 2 * DRAWS)
    ends = (int(needed[tail]), int(needed[-1 - tail]))
    low, high = (None if end > len(x) else end for end in ends)
    return low, high
