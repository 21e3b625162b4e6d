"""What comes of training on a learned reward is judged here.  Each claim is asked once per cell or pair of cells.

reward.hacked     Under a learned reward the proxy rises while the true reward falls (last quarter of the recorded steps
                  less the first): supported if both intervals say so, refuted if the true reward's lies above 0.
reward.cost       Training on the learned reward costs true accuracy, against the same algorithm on the verifier:
                  supported if the interval of the difference lies below 0, refuted if above.
reward.labels     More labels make a reward model harder to exploit: final pass@1 with the most label pairs less that
                  with the fewest, one algorithm, paired seeds.  Supported if the interval lies above 0, refuted if
                  below.
reward.algorithm  PPO and GRPO over-optimize a learned reward equally: the final gaps (proxy less true reward, both in
                  standard deviations of the base model, last quarter of the recorded steps) of a matched pair differ
                  by less than GAP_MARGIN.  Supported by TOST, refuted if the interval lies outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.pairing import pair
from rlvr_bench.reports.cells.reward_setting import LEARNED, MODELED, reward_setting
from rlvr_bench.reports.claims.decide import SAME_RULE, decide_above, decide_below, decide_same
from rlvr_bench.reports.claims.finding import Conclusion, Finding, not_tested
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import final_score
from rlvr_bench.reports.measures.overoptimization import GAP, PROXY, TRUE, final_distance
from rlvr_bench.reports.measures.windows import (
    LAST_QUARTER,
    QUARTERS,
    last_recorded_quarter,
    recorded_quarters,
    training_series,
)
from rlvr_bench.reports.stats import Estimate, mean_estimate, paired_difference, rng, t_test

GAP_MARGIN = 0.2  # base-model standard deviations: 10 points of true reward at a pass rate of one half
FLOOR = 0.05  # of the true reward, below which the gap can hardly grow by it
NO_LEARNED = "no cell was trained on a learned reward model."


def hacked(cells: Sequence[Cell]) -> list[Finding]:
    """reward.hacked"""
    claim = "A learned reward rises while the true reward falls."
    learned = [c for c in cells if reward_setting(c).source == LEARNED]
    return [_hacked(c) for c in learned] or [not_tested("reward.hacked", claim, NO_LEARNED)]


def _hacked(cell: Cell) -> Finding:
    identifier = "reward.hacked"
    claim = f"Under the learned reward the proxy rises while the true reward falls ({cell.label})."
    changes: list[tuple[float, float]] = []
    for run in cell.finished:
        ends = [recorded_quarters(training_series(run, name)) for name in (PROXY, TRUE)]
        if ends[0] and ends[1]:
            changes.append((ends[0][1] - ends[0][0], ends[1][1] - ends[1][0]))
    if not changes:
        return not_tested(identifier, claim, f"no finished run recorded both rewards over {QUARTERS} steps or more.")
    proxy, true = (mean_estimate([c[i] for c in changes], rng()) for i in (0, 1))
    proxy_rose, true_rose = decide_above(proxy, 0.0) == "supported", decide_above(true, 0.0)
    conclusion: Conclusion = "refuted" if true_rose == "supported" else "inconclusive"
    if proxy_rose and true_rose == "refuted":
        conclusion = "supported"
    # The decision for "supported" needs both tests, so its p is the larger; "refuted" rests on the true reward.
    p = [t_test([c[i] for c in changes], 0.0) for i in (0, 1)]
    text, other = (numbers.with_interval(e, numbers.change) for e in (true, proxy))
    return Finding(
        id=identifier,
        claim=claim,
        conclusion=conclusion,
        effect=f"true reward {text}; proxy {other} (normalized score)",
        n=numbers.count(len(changes), "seed"),
        equal="one cell, first quarter of its recorded steps against the last",
        rule=f"Supported if the proxy's {numbers.INTERVAL} lies above 0 and the true reward's below, refuted if the "
        "true reward's lies above 0.",
        note="The two rewards have different scales: their signs are compared, not their sizes.",
        sentence=f"Proxy up while the true reward falls, {LAST_QUARTER} less first: {cell.label}: true reward {text}, "
        f"proxy {other}.",
        estimate=true,
        p=(max(p) if true.value < 0 else p[1]) if true.known else None,
    )


@dataclass(frozen=True)
class _Change:
    """Final pass@1 of one cell less that of another, over their paired seeds."""

    difference: Estimate
    text: str
    n: str
    p: float | None  # against no difference


def _change(cell: Cell, less: Cell) -> _Change | None:
    """None if no seed finished in both."""
    if (values := pair(cell, less, final_score)) is None:
        return None
    difference = paired_difference(values.a, values.b, rng())
    p = t_test(np.subtract(values.a, values.b), 0.0) if difference.known else None
    return _Change(difference, numbers.with_interval(difference, numbers.points, "points"), values.n, p)


def cost(cells: Sequence[Cell]) -> list[Finding]:
    """reward.cost"""
    claim = "Training on a learned reward model costs true accuracy."
    pairs = matching.learned_pairs(cells)
    return [_cost(*p) for p in pairs] or [not_tested("reward.cost", claim, NO_LEARNED)]


def _cost(learned: Cell, verifier: Cell) -> Finding:
    identifier = "reward.cost"
    claim = f"Training on the learned reward model costs true accuracy ({learned.label} against {verifier.label})."
    if (change := _change(learned, verifier)) is None:
        return not_tested(identifier, claim, "no seed finished in both cells.")
    return Finding(
        id=identifier,
        claim=claim,
        conclusion=decide_below(change.difference, 0.0),
        effect=f"learned less verifier: {change.text}",
        n=change.n,
        equal=held_equal(learned, verifier),
        rule=f"Supported if the {numbers.INTERVAL} of the difference of final pass@1 lies below 0, refuted if above.",
        sentence=f"Change of final pass@1 by training on a reward model instead of the verifier: {learned.label} "
        f"{change.text}.",
        estimate=change.difference,
        p=change.p,
    )


def labels(cells: Sequence[Cell]) -> list[Finding]:
    """reward.labels"""
    claim = "More labels make the reward model harder to exploit."
    reason = "it needs one algorithm with reward models of two numbers of label pairs."
    return [_labels(*p) for p in matching.label_pairs(cells)] or [not_tested("reward.labels", claim, reason)]


def _labels(most: Cell, fewest: Cell) -> Finding:
    identifier = "reward.labels"
    claim = f"More labels make the reward model harder to exploit ({most.label} against {fewest.label})."
    if (change := _change(most, fewest)) is None:
        return not_tested(identifier, claim, "no seed finished in both cells.")
    settings = [reward_setting(c) for c in (most, fewest)]
    many, few = (numbers.whole(s.pairs or 0) for s in settings)
    others = sorted({name for name, _ in set(settings[0].settings) ^ set(settings[1].settings)} - {"label_pairs"})
    return Finding(
        id=identifier,
        claim=claim,
        conclusion=decide_above(change.difference, 0.0),
        effect=f"{many} less {few} pairs: {change.text}",
        n=change.n,
        equal=held_equal(most, fewest),
        rule=f"Supported if the {numbers.INTERVAL} of the difference of final pass@1 lies above 0, refuted if below.",
        note=f"The two reward models also differ in: {', '.join(others)}." if others else "",
        sentence=f"Change of final pass@1 with {many} label pairs instead of {few}: "
        f"{matching.algorithm(most).upper()} {change.text}.",
        estimate=change.difference,
        p=change.p,
    )


def algorithm(cells: Sequence[Cell]) -> list[Finding]:
    """reward.algorithm"""
    matched = [p for p in matching.matched_pairs(cells) if reward_setting(p[0]).source in MODELED]
    return [_algorithm(*p) for p in matched] or [_no_algorithm("it needs PPO and GRPO with one learned reward.")]


def _algorithm(ppo: Cell, grpo: Cell) -> Finding:
    if (values := pair(ppo, grpo, partial(last_recorded_quarter, metric=GAP))) is None:
        return _no_algorithm(f"no seed of a matched pair recorded the gap over {QUARTERS} steps or more in both cells.")
    difference = paired_difference(values.b, values.a, rng())
    conclusion, p = decide_same(difference, np.subtract(values.b, values.a), GAP_MARGIN)
    text, reward = numbers.with_interval(difference, numbers.change, "SD"), reward_setting(ppo).phrase
    notes = ["Compared at equal steps, not at equal distance from the base model."]
    if gone := pair(ppo, grpo, final_distance):
        notes.append(f"sqrt(KL) ended at {np.mean(gone.a):.2f} (PPO) and {np.mean(gone.b):.2f} (GRPO).")
    true = pair(ppo, grpo, partial(last_recorded_quarter, metric=TRUE))
    if true and max(np.mean(true.a), np.mean(true.b)) < FLOOR:
        notes.append(f"Both ended below {FLOOR:g} true reward: equal may only mean that nothing was left to lose.")
    return Finding(
        id="reward.algorithm",
        claim=f"PPO and GRPO over-optimize {reward} equally: their final gaps between proxy and true reward differ by "
        f"less than {GAP_MARGIN:g} SD of the base model.",
        conclusion=conclusion,
        effect=f"GRPO less PPO: {text}; PPO {np.mean(values.a):+.2f}, GRPO {np.mean(values.b):+.2f}",
        n=values.n,
        equal=held_equal(ppo, grpo),
        rule=f"{SAME_RULE} Gap: mean of the {LAST_QUARTER}.",
        note=" ".join(notes),
        sentence=f"GRPO's final gap between proxy and true reward less PPO's: with {reward} {text}.",
        estimate=difference,
        p=p,
    )


def _no_algorithm(reason: str) -> Finding:
    return not_tested("reward.algorithm", "PPO and GRPO over-optimize a learned reward equally.", reason)
