"""Whether a critic makes more settings collapse, and sooner, is judged here, from two random searches.

stability.survival  Over the drawn settings, training with the critic collapses sooner (the rule of
                    measures/collapse.py; a trial that does not is censored at its last step): supported if the interval
                    of the ratio of hazards, which is the log-rank test's, lies above 1, refuted if below.  The test is
                    an approximation for many events: below LEAST_EVENTS of both together it is undecidable.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from rlvr_bench.reports import numbers
from rlvr_bench.reports.claims.finding import Conclusion, Finding, not_tested
from rlvr_bench.reports.claims.searches.sensitivity import EQUAL, LEAST_TRIALS, NEEDS, names_of
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.collapse import times_to_collapse
from rlvr_bench.reports.measures.curves.search_size import matched_searches
from rlvr_bench.reports.stats import ALPHA, hazard_ratio

LEAST_EVENTS = 5


def survival(cells: Sequence[Cell]) -> list[Finding]:
    """stability.survival"""
    identifier, both = "stability.survival", matched_searches(cells)
    names = names_of(both)
    claim = f"Over settings drawn at random, training with {names[0]} collapses sooner than with {names[1]}."
    if both is None:
        return [not_tested(identifier, claim, NEEDS)]
    times = [times_to_collapse(t.cell for t in s.trials) for s in both]
    sizes, events = [len(t) for t in times], [sum(one.reached for one in t) for t in times]
    found = hazard_ratio(*times)
    ratio, p = found or (None, None)
    conclusion: Conclusion = "undecidable"
    if min(sizes) < LEAST_TRIALS:
        reason = f"{min(sizes)} finished trials, the rule needs {LEAST_TRIALS}"
    elif sum(events) < LEAST_EVENTS or ratio is None or p is None:
        reason = f"{numbers.count(sum(events), 'collapse')} of both together, the rule needs {LEAST_EVENTS}"
    else:
        reason = ""
        conclusion = "inconclusive" if p >= ALPHA else "supported" if ratio.value > 1 else "refuted"
    text = ", ".join(f"{n} {k} of {size} collapsed" for n, k, size in zip(names, events, sizes, strict=True))
    if ratio:
        text += f": ratio of hazards {numbers.with_interval(ratio, numbers.factor)}"
    return [
        Finding(
            id=identifier,
            claim=claim,
            conclusion=conclusion,
            effect=text,
            n=f"{sizes[0]} and {sizes[1]} trials",
            equal=EQUAL,
            rule=f"Collapse rule fixed beforehand; a trial without one is censored at its last step. Supported if the "
            f"{numbers.LEVEL_TEXT} interval of the ratio of hazards (log-rank) lies above 1, refuted if below; from "
            f"{LEAST_TRIALS} trials each and {LEAST_EVENTS} collapses on.",
            sentence=f"{claim.rstrip('.')}: {conclusion}, {f'{reason} ({text})' if reason else text}.",
            question="stability",
            pair=(both[0].label, both[1].label),
            estimate=ratio,
            scale="ratio",
            holds=(1.0, inf),
            p=p,
        )
    ]
