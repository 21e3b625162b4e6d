"""What comes of training on a learned reward is judged here.  Each claim is asked once per cell or pair of cells.

reward.hacked     Under a learned reward the proxy rises while the true reward falls, last quarter of the planned steps
                  less the first: supported if both intervals say so, refuted if the true reward's lies above 0.
reward.cost       Training on the learned reward costs true accuracy, against the same algorithm on the verifier: the
                  difference of final pass@1 lies below 0.
reward.labels     More labels make a reward model harder to exploit: final pass@1 with the most label pairs less that
                  with the fewest lies above 0, one algorithm.  That is a claim about reward models, so it is
                  undecidable below MIN_PAIRS of them on either side, however many runs each has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.pairing import Paired, pair
from rlvr_bench.reports.cells.reward_setting import LEARNED, reward_setting
from rlvr_bench.reports.claims.finding import Conclusion, Finding, not_tested
from rlvr_bench.reports.claims.judged import Proposition, accuracy_limits, describe, effect, finding, judge_values
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import FINAL_SCORE, PASS, final_score
from rlvr_bench.reports.measures.overoptimization import PROXY, TRUE
from rlvr_bench.reports.measures.reward_models import reward_models
from rlvr_bench.reports.measures.windows import quarter_means, quarters_in_words, short_runs, training_series
from rlvr_bench.reports.stats import MIN_PAIRS, Judgment

NO_LEARNED = "no cell was trained on a learned reward model."


def hacked(cells: Sequence[Cell]) -> list[Finding]:
    """reward.hacked"""
    claim = "A learned reward rises while the true reward falls."
    learned = [c for c in cells if reward_setting(c).source == LEARNED]
    return [_hacked(c) for c in learned] or [not_tested("reward.hacked", claim, NO_LEARNED)]


def _hacked(cell: Cell) -> Finding:
    identifier = "reward.hacked"
    claim = f"Under the learned reward the proxy rises while the true reward falls ({cell.label})."
    ends = {r.seed: [quarter_means(r, training_series(r, m)) for m in (TRUE, PROXY)] for r in cell.finished}
    seeds = [seed for seed, both in ends.items() if all(both)]
    if not seeds:
        return not_tested(identifier, claim, "no finished run recorded both rewards over all of its planned steps.")
    values = [_last_less_first([ends[s][i] or (0.0, 0.0) for s in seeds], seeds) for i in (0, 1)]
    falls = Proposition(id=identifier, claim=claim, question="reward", kind="less", margin=0.0)
    rises = replace(falls, kind="greater")
    on_true, on_proxy = judge_values(falls, values[0]), judge_values(rises, values[1])
    conclusion, reason = _falls(on_true, on_proxy)
    text = f"true reward {effect(falls, on_true.test)}, proxy {effect(rises, on_proxy.test)} in normalized score"
    first, last = quarters_in_words([cell])
    note = f"The two rewards have different scales: their signs are compared, not their sizes.{_of_how_many([cell])}"
    made = finding(
        falls,
        on_true,
        equal=f"one cell, {last} against {first}",
        note=f"{note} {short_runs([cell])}".strip(),
        n=numbers.count(len(seeds), "seed"),
    )
    return replace(
        made,
        conclusion=conclusion,
        effect=text,
        rule=f"Supported if the proxy's {numbers.INTERVAL} lies above 0 and the true reward's below, refuted if the "
        f"true reward's lies above 0. Means over {last} less those over {first}.",
        sentence=f"{claim.rstrip('.')}: {conclusion}, {f'{reason} ({text})' if reason else text}.",
    )


def _last_less_first(ends: Sequence[tuple[float, float]], seeds: Sequence[int]) -> Paired:
    return Paired(tuple(seeds), tuple(last for _, last in ends), tuple(first for first, _ in ends))


def _falls(on_true: Judgment, on_proxy: Judgment) -> tuple[Conclusion, str]:
    for judgment in (on_true, on_proxy):
        if judgment.outcome == "undecidable":
            return "undecidable", judgment.reason
    if on_true.outcome == "refuted":
        return "refuted", ""
    both = on_true.outcome == on_proxy.outcome == "supported"
    return ("supported" if both else "inconclusive"), ""


def _of_how_many(cells: Sequence[Cell]) -> str:
    """How many reward models the runs were trained on; empty where none was described."""
    n = len(reward_models(cells))
    return f" The runs were trained on {numbers.count(n, 'reward model')}." if n else ""


def cost(cells: Sequence[Cell]) -> list[Finding]:
    """reward.cost"""
    claim = "Training on a learned reward model costs true accuracy."
    pairs = matching.learned_pairs(cells)
    return [_cost(*p) for p in pairs] or [not_tested("reward.cost", claim, NO_LEARNED)]


def _cost(learned: Cell, verifier: Cell) -> Finding:
    identifier = "reward.cost"
    claim = f"Training on the learned reward model costs true accuracy ({learned.label} against {verifier.label})."
    if (values := pair(learned, verifier, final_score)) is None:
        return not_tested(identifier, claim, "no seed finished in both cells.")
    proposition = Proposition(
        id=identifier,
        claim=claim,
        question="reward",
        kind="less",
        margin=0.0,
        pair=(learned.label, verifier.label),
        unit="points",
        limits=accuracy_limits((learned, verifier), PASS),
    )
    return describe(
        proposition,
        values,
        equal=held_equal(learned, verifier),
        rule=f"Score: {FINAL_SCORE}.",
        note=_of_how_many([learned]).strip(),
    )


def labels(cells: Sequence[Cell]) -> list[Finding]:
    """reward.labels"""
    claim = "More labels make the reward model harder to exploit."
    reason = "it needs one algorithm with reward models of two numbers of label pairs."
    return [_labels(*p) for p in matching.label_pairs(cells)] or [not_tested("reward.labels", claim, reason)]


def _labels(most: Cell, fewest: Cell) -> Finding:
    identifier = "reward.labels"
    claim = f"More labels make the reward model harder to exploit ({most.label} against {fewest.label})."
    if (values := pair(most, fewest, final_score)) is None:
        return not_tested(identifier, claim, "no seed finished in both cells.")
    settings = [reward_setting(c) for c in (most, fewest)]
    many, few = (numbers.whole(s.pairs or 0) for s in settings)
    others = sorted({name for name, _ in set(settings[0].settings) ^ set(settings[1].settings)} - {"label_pairs"})
    proposition = Proposition(
        id=identifier,
        claim=claim,
        question="reward",
        kind="greater",
        margin=0.0,
        pair=(most.label, fewest.label),
        unit="points",
        limits=accuracy_limits((most, fewest), PASS),
    )
    differ = f" The two kinds of reward models also differ in: {', '.join(others)}." if others else ""
    return describe(
        proposition,
        values,
        equal=held_equal(most, fewest),
        rule=f"Score: {FINAL_SCORE}.",
        note=f"{many} against {few} label pairs.{differ}",
        blocked=_few_models(most, fewest),
    )


def _few_models(most: Cell, fewest: Cell) -> str:
    """Why a claim about reward models cannot be decided by these, as a clause."""
    n = min(len(reward_models([c])) for c in (most, fewest))
    if n >= MIN_PAIRS:
        return ""
    return f"{numbers.count(n, 'reward model')} of a size, the rule needs {MIN_PAIRS}: runs of one reward model are one"
