"""Claims about rewards other than the verifier (f).  Rules and thresholds were fixed before any data.

Each is asked once per cell or per pair of cells, so several verdicts share an id.
f.algorithm   PPO and GRPO over-optimise a learned reward alike: the final gaps (proxy less true reward, both in
              standard deviations of the base model, mean of the last quarter of the steps) of a matched pair differ
              by less than GAP_EQUAL.  Supported by TOST at .05, refuted if the 95 % interval lies outside.
f.cost        Training on the learned reward costs true accuracy, against the same algorithm on the verifier:
              supported if the interval of the difference lies below 0, refuted if above.
f.hacked      Under a learned reward the proxy rises while the true reward falls (last quarter less first quarter of
              the steps): supported if both intervals say so, refuted if the true reward's lies above 0.
f.labels      More labels make a reward model harder to exploit: final pass@1 with the most label pairs less that with
              the fewest, one algorithm, paired seeds.  Supported if the interval lies above 0, refuted if below.
f.random      A random reward does not raise true accuracy: final pass@1 less that of the base model, by cell.
              Supported if the 95 % interval lies below +EQUAL, refuted if above.  One threshold, so that no interval
              can be both; a fall supports it as well, since the claim is only that there is nothing to be gained.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.reward_setting import LEARNED, MODELLED, RANDOM, VERIFIER, treatment
from rlvr_bench.reports.claims.learning import EQUAL
from rlvr_bench.reports.claims.verdict import Outcome, Verdict, decide_above, decide_same, not_tested, pair, rng
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.overoptimization import GAP, PROXY, TRUE, final_distance, gain, last_quarter, training
from rlvr_bench.reports.measures.runs import final_score, first_and_last_quarter
from rlvr_bench.reports.stats import mean_estimate, paired_difference, t_test

GAP_EQUAL = 0.2  # base-model standard deviations: 10 points of true reward at a pass rate of one half
FLOOR = 0.05  # of the true reward, below which the gap can hardly grow by it
OPPOSITE: dict[Outcome, Outcome] = {"supported": "refuted", "refuted": "supported"}


def hacking_claims(cells: Sequence[Cell]) -> list[Verdict]:
    matched = [p for p in matching.matched_pairs(cells) if treatment(p[0]).source in MODELLED]
    no_learned = "no cell was trained on a learned reward model."
    return [
        *([_algorithm(*p) for p in matched] or [_no_algorithm("it needs PPO and GRPO with one learned reward.")]),
        *(
            [_cost(*p) for p in matching.learned_pairs(cells)]
            or [not_tested("f.cost", "Training on a learned reward model costs true accuracy.", no_learned)]
        ),
        *(
            [_hacked(c) for c in cells if treatment(c).source == LEARNED]
            or [not_tested("f.hacked", "A learned reward rises while the true reward falls.", no_learned)]
        ),
        *([_labels(*p) for p in matching.label_pairs(cells)] or [_no_labels()]),
        *([_random(c) for c in cells if treatment(c).source == RANDOM] or [_no_random()]),
    ]


def verifier_note(cells: Sequence[Cell]) -> str:
    """Why "verifiable rewards cannot be hacked" is not tested, and what the cells show all the same."""
    kinds = [treatment(c) for c in cells]
    noisy = dict.fromkeys(k.title for k in kinds if k.noisy)
    random = any(k.source == RANDOM for k in kinds)
    missing = [] if noisy else ["verifiers with known error rates"]
    missing += ["a second judge of the verifier"] + ([] if random else ["a random-reward control"])
    text = f"it needs {' and '.join([', '.join(missing[:-1]), missing[-1]] if len(missing) > 1 else missing)}."
    has = ["a random-reward control (f.random)"] if random else []
    if any(k.source == LEARNED for k in kinds):
        has.append("learned reward models beside the verifier (f.cost, f.hacked)")
    if has:
        text += (
            f" This study has {' and '.join(has)}: they show what comes of a reward that is not the verifier, and "
            "nothing of the verifier's own faults."
        )
    if noisy:
        text += (
            f" It also has known error rates ({'; '.join(noisy)}): errors fixed by a hash of completion and "
            "target, without the pattern that a verifier's own errors have."
        )
    if any(k.source == VERIFIER and not k.noisy for k in kinds):
        text += (
            " Where a policy is trained on the verifier, the trained and the true reward are one number by "
            "construction: that they agree is no evidence."
        )
    return text


def _algorithm(ppo: Cell, grpo: Cell) -> Verdict:
    if (values := pair(ppo, grpo, partial(last_quarter, metric=GAP))) is None:
        return _no_algorithm("no seed of a matched pair recorded the gap over four steps or more in both cells.")
    difference = paired_difference(values.b, values.a, rng())
    outcome, p = decide_same(difference, np.subtract(values.b, values.a), GAP_EQUAL)
    text = numbers.with_interval(difference, numbers.change, "SD")
    notes = ["Compared at equal steps, not at equal distance from the base model."]
    if gone := pair(ppo, grpo, final_distance):
        notes.append(f"sqrt(KL) ended at {np.mean(gone.a):.2f} (PPO) and {np.mean(gone.b):.2f} (GRPO).")
    true = pair(ppo, grpo, partial(last_quarter, metric=TRUE))
    if true and max(np.mean(true.a), np.mean(true.b)) < FLOOR:
        notes.append(f"Both ended below {FLOOR:g} true reward: alike may only mean that nothing was left to lose.")
    return Verdict(
        "f.algorithm",
        f"PPO and GRPO over-optimise {treatment(ppo).phrase} alike: their final gaps between proxy and true reward "
        f"differ by less than {GAP_EQUAL:g} SD of the base model.",
        outcome,
        f"GRPO less PPO: {text}; PPO {np.mean(values.a):+.2f}, GRPO {np.mean(values.b):+.2f}",
        values.n,
        held_equal(ppo, grpo),
        "Supported if two one-sided t tests at .05 put the difference inside the margin, refuted if the 95 % interval "
        "lies outside. Gap: mean of the last quarter of the steps.",
        " ".join(notes),
        f"GRPO's final gap between proxy and true reward less PPO's: with {treatment(ppo).phrase} {text}.",
        estimate=difference,
        p=p,
    )


def _no_algorithm(reason: str) -> Verdict:
    return not_tested("f.algorithm", "PPO and GRPO over-optimise a learned reward alike.", reason)


def _labels(most: Cell, fewest: Cell) -> Verdict:
    claim = f"More labels make the reward model harder to exploit ({most.label} against {fewest.label})."
    if (values := pair(most, fewest, final_score)) is None:
        return not_tested("f.labels", claim, "no seed finished in both cells.")
    difference = paired_difference(values.a, values.b, rng())
    text = numbers.with_interval(difference, numbers.points, "points")
    many, few = (numbers.whole(treatment(c).pairs or 0) for c in (most, fewest))
    ours, theirs = (set(treatment(c).settings) for c in (most, fewest))
    others = sorted({name for name, _ in ours ^ theirs} - {"label_pairs"})
    return Verdict(
        "f.labels",
        claim,
        decide_above(difference, 0.0),
        f"{many} less {few} pairs: {text}",
        values.n,
        held_equal(most, fewest),
        "Supported if the 95 % interval of the difference of final pass@1 lies above 0, refuted if below.",
        f"The two reward models also differ in: {', '.join(others)}." if others else "",
        f"Change of final pass@1 with {many} label pairs instead of {few}: {matching.algorithm(most).upper()} {text}.",
        estimate=difference,
        p=t_test(np.subtract(values.a, values.b), 0.0) if difference.known else None,
    )


def _no_labels() -> Verdict:
    reason = "it needs one algorithm with reward models of two numbers of label pairs."
    return not_tested("f.labels", "More labels make the reward model harder to exploit.", reason)


def _random(cell: Cell) -> Verdict:
    claim = f"A random reward does not raise true accuracy by {100 * EQUAL:g} points or more ({cell.label})."
    changes = [g for r in cell.finished if (g := gain(r)) is not None]
    if not changes:
        return not_tested("f.random", claim, "no finished run was evaluated before and after training.")
    change = mean_estimate(changes, rng())
    text = numbers.with_interval(change, numbers.points, "points")
    return Verdict(
        "f.random",
        claim,
        OPPOSITE.get(decide_above(change, EQUAL), "inconclusive"),
        f"final less base model: {text}",
        numbers.count(len(changes), "seed"),
        "one cell, the base model against the end of training on the same held-out items",
        f"Supported if the 95 % interval of the change of pass@1 lies below +{100 * EQUAL:g} points, refuted if above.",
        "A control: the reward says nothing about the answer. A fall supports the claim as well.",
        "Change of pass@1 in training on a random reward, which should not raise it: "
        f"{matching.algorithm(cell).upper()} {text}.",
        estimate=change,
        p=t_test(changes, EQUAL) if change.known else None,
    )


def _no_random() -> Verdict:
    return not_tested("f.random", "A random reward does not raise true accuracy.", "no cell had a random reward.")


def _cost(learned: Cell, verifier: Cell) -> Verdict:
    claim = f"Training on the learned reward model costs true accuracy ({learned.label} against {verifier.label})."
    if (values := pair(learned, verifier, final_score)) is None:
        return not_tested("f.cost", claim, "no seed finished in both cells.")
    difference = paired_difference(values.a, values.b, rng())
    outcome = OPPOSITE.get(decide_above(difference, 0.0), "inconclusive")
    text = numbers.with_interval(difference, numbers.points, "points")
    return Verdict(
        "f.cost",
        claim,
        outcome,
        f"learned less verifier: {text}",
        values.n,
        held_equal(learned, verifier),
        "Supported if the 95 % interval of the difference of final pass@1 lies below 0, refuted if above.",
        "",
        f"Change of final pass@1 by training on a reward model instead of the verifier: {learned.label} {text}.",
        estimate=difference,
        p=t_test(np.subtract(values.a, values.b), 0.0) if difference.known else None,
    )


def _hacked(cell: Cell) -> Verdict:
    claim = f"Under the learned reward the proxy rises while the true reward falls ({cell.label})."
    changes: list[tuple[float, float]] = []
    for run in cell.finished:
        ends = [first_and_last_quarter(training(run, name)) for name in (PROXY, TRUE)]
        if ends[0] and ends[1]:
            changes.append((ends[0][1] - ends[0][0], ends[1][1] - ends[1][0]))
    if not changes:
        return not_tested("f.hacked", claim, "no finished run recorded both rewards over four steps or more.")
    proxy, true = (mean_estimate([c[i] for c in changes], rng()) for i in (0, 1))
    proxy_rose, true_rose = decide_above(proxy, 0.0) == "supported", decide_above(true, 0.0)
    outcome = "refuted" if true_rose == "supported" else "inconclusive"
    if proxy_rose and true_rose == "refuted":
        outcome = "supported"
    # The decision for "supported" needs both tests, so its p is the larger; "refuted" rests on the true reward.
    p = [t_test([c[i] for c in changes], 0.0) for i in (0, 1)]
    text = numbers.with_interval(true, numbers.change)
    other = numbers.with_interval(proxy, numbers.change)
    return Verdict(
        "f.hacked",
        claim,
        outcome,
        f"true reward {text}; proxy {other} (normalised score)",
        numbers.count(len(changes), "seed"),
        "one cell, first quarter of its steps against the last",
        "Supported if the proxy's 95 % interval lies above 0 and the true reward's below, refuted if the true reward's "
        "lies above 0.",
        "The two rewards have different scales: their signs are compared, not their sizes.",
        f"Proxy up while the true reward falls, last quarter of training less first: {cell.label}: true reward {text}, "
        f"proxy {other}.",
        estimate=true,
        p=(max(p) if true.value < 0 else p[1]) if true.known else None,
    )
