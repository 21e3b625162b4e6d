"""The same effect over the base models instead of the runs: ten runs of one base model are one base model.

A hypothesis counts pairs of runs, as it was planned, and they decide it.  Where the runs come from several base models
(each with the reward model of its own labels), the interval over base models is printed beside it, and the sentence
says so where that one does not decide what the other did: it then holds of these base models, not yet of others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from typing import Any

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.pairing import Paired
from rlvr_bench.reports.claims.finding import Conclusion
from rlvr_bench.reports.claims.judged import Proposition
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.stats import Estimate, Label, hierarchical_interval, paired_effects, rng


@dataclass(frozen=True)
class OverBases:
    """The effect with its interval over units that were drawn more than once, base models if there are several."""

    estimate: Estimate
    unit: str  # base model, reward model or run
    text: str  # "over 3 base models: ..."


def over_bases(proposition: Proposition, values: Paired, a: Cell, level: float) -> OverBases | None:
    """None where all pairs have one base model, or there are none.

    Args:
        a: the cell whose runs' configurations say where each seed's models come from.
        level: of the interval, the one that decides over runs.
    """
    where = {run.seed: label(run) for run in a.runs if run.config}
    if any(seed not in where for seed in values.seeds) or len({where[seed].base for seed in values.seeds}) < 2:
        return None
    effects = paired_effects(values.a, values.b, proposition.scale)
    labeled = {where[seed]: float(x) for seed, x in zip(values.seeds, effects, strict=True)}
    found = hierarchical_interval(labeled, rng(), level=level)
    estimate = found.estimate
    if proposition.scale == "ratio":
        low, high = (None if v is None else exp(v) for v in (estimate.low, estimate.high))
        estimate = Estimate(exp(estimate.value), low, high, estimate.n, "log t")
        text = numbers.compared(estimate)
    else:
        show = numbers.points if proposition.unit == "points" else numbers.change
        text = numbers.with_interval(estimate, show, proposition.unit)
    return OverBases(estimate, found.unit, f"over {numbers.count(estimate.n, found.unit)}: {text}")


def label(run: Run) -> Label:
    """Where a run comes from: the seed of its base model, that of its reward model's labels, its own."""
    base, reward = (_section(run, name) for name in ("warm_start", "reward"))
    modeled = reward.get("source") in ("learned", "both")
    return Label(base.get("seed", 0), reward.get("label_seed", 0) if modeled else None, run.seed)


def disagreement(proposition: Proposition, outcome: Conclusion, found: OverBases) -> str:
    """Behind a verdict that the interval over bases does not share; empty where it does, or where there is none."""
    low, high, (start, end) = found.estimate.low, found.estimate.high, proposition.holds
    if outcome not in ("supported", "refuted") or low is None or high is None:
        return ""
    inside, outside = start < low and high < end, high < start or low > end
    if (outcome == "supported" and inside) or (outcome == "refuted" and outside):
        return ""
    return f"; {found.text}, which does not decide it: that holds of these base models, not yet of others"


def _section(run: Run, name: str) -> Mapping[str, Any]:
    found = run.config.get(name)
    return found if isinstance(found, Mapping) else {}
