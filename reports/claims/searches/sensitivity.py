"""Whether a critic makes settings harder to find is judged here, from two random searches.

stability.sensitivity  With the critic fewer of the drawn settings come within NEAR of the best of their own search: how
                       much the settings matter, whatever the best of them is worth.
stability.search       With the critic fewer of the drawn settings come within NEAR of the best that either search
                       found: how large a search has to be.  Where both draw from one law of scores, Fisher's test is
                       exact for it.

Each is supported if Fisher's exact p is below .05 and the score interval of the difference of the shares lies below 0,
refuted if it lies above; from LEAST_TRIALS trials of each on, which tell shares of .2 and .6 apart in four studies of
five.  The shares of the first are measured against a best that was picked from the same trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.matching import display
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.search_size import (
    BothSearches,
    matched_searches,
    near,
    trials_interval,
    trials_to_reach,
    yardstick,
)
from rlvr_bench.reports.measures.curves.tuning import NEAR, Search
from rlvr_bench.reports.stats import ALPHA, Estimate, Judgment, judge_shares, wilson

LEAST_TRIALS = 24
NEEDS = (
    f"it needs a random search of each, of at least {LEAST_TRIALS} trials over its own settings, with one budget for "
    "every trial."
)
EQUAL = "task, base model, budget and evaluation of every trial; each search draws from ranges of its own"
NEAR_TEXT = numbers.whole_percent(NEAR)
RULE = (
    f"Supported if Fisher's exact p is below {numbers.plain(ALPHA)} and the {numbers.LEVEL_TEXT} score interval of the "
    f"difference of the shares lies below 0, refuted if it lies above; from {LEAST_TRIALS} trials each on."
)


def sensitivity(cells: Sequence[Cell]) -> list[Finding]:
    """stability.sensitivity"""
    identifier, both = "stability.sensitivity", matched_searches(cells)
    names = names_of(both)
    claim = (
        f"{names[0]} is more sensitive to its settings than {names[1]}: fewer of those drawn come within {NEAR_TEXT} "
        "of the best of their own search."
    )
    if both is None:
        return [not_tested(identifier, claim, NEEDS)]
    counts = [near(s, yardstick([s])) for s in both]
    note = f"Their best: {numbers.share(both[0].best.score)} and {numbers.share(both[1].best.score)}."
    return [shares_finding(identifier, claim, both, counts, judged(both, counts), note)]


def search(cells: Sequence[Cell]) -> list[Finding]:
    """stability.search"""
    identifier, both = "stability.search", matched_searches(cells)
    names = names_of(both)
    claim = (
        f"{names[0]} needs a larger search than {names[1]}: fewer of the drawn settings come within {NEAR_TEXT} of the "
        "best that either search found."
    )
    if both is None:
        return [not_tested(identifier, claim, NEEDS)]
    counts = [near(s, yardstick(both)) for s in both]
    return [shares_finding(identifier, claim, both, counts, judged(both, counts), search_note(both))]


def names_of(both: BothSearches | None) -> tuple[str, str]:
    """Of the algorithms, as a sentence has them."""
    return (display(both[0].best.cell), display(both[1].best.cell)) if both else ("PPO", "GRPO")


def judged(both: Sequence[Search], counts: Sequence[int], planned: int = LEAST_TRIALS) -> Judgment:
    """Whether the first share is below the second."""
    sizes = [len(s.trials) for s in both]
    return judge_shares("less", counts[0], sizes[0], counts[1], sizes[1], planned=planned)


def search_note(both: Sequence[Search]) -> str:
    """How many trials it takes until the best of them is expected to be as good as that."""
    least = yardstick(both)
    needed = "; ".join(f"{s.label} {_trials(s, least)}" for s in both)
    return f"Trials until the best of them is expected to reach {numbers.share(least)}: {needed}."


def _trials(search: Search, least: float) -> str:
    scores = [t.score for t in search.trials]
    low, high = (_count(end, len(scores)) for end in trials_interval(scores, least))
    return f"{_count(trials_to_reach(scores, least), len(scores))} [{low}, {high}]"


def _count(trials: int | None, most: int) -> str:
    return f"more than {most}" if trials is None else str(trials)


def shares_finding(
    identifier: str, claim: str, both: BothSearches, counts: Sequence[int], judgment: Judgment, note: str
) -> Finding:
    """A descriptive finding of the two shares."""
    sizes = [len(s.trials) for s in both]
    each = [
        f"{s.label} {k} of {n} [{numbers.percent(low)}, {numbers.percent(high)}]"
        for s, k, n in zip(both, counts, sizes, strict=True)
        for low, high in [wilson(k, n)]
    ]
    test = judgment.test
    gap = Estimate(test.estimate, test.low, test.high, test.n, "score") if test else None
    text = f"{', '.join(each)}"
    if gap:
        text += f": difference {numbers.with_interval(gap, numbers.points, 'points')}"
    says = f"{judgment.reason} ({text})" if judgment.outcome == "undecidable" else text
    return Finding(
        id=identifier,
        claim=claim,
        conclusion=judgment.outcome,
        effect=text,
        n=f"{sizes[0]} and {sizes[1]} trials",
        equal=EQUAL,
        rule=RULE,
        note=note,
        sentence=f"{claim.rstrip('.')}: {judgment.outcome}, {says}.",
        question="stability",
        pair=(both[0].label, both[1].label),
        estimate=gap,
        unit="points",
        holds=(-inf, 0.0),
        p=judgment.p if test else None,
    )
