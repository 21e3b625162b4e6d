"""Whether a critic makes training less stable is judged here: collapses, and the spread over seeds.

stability.collapse  With the critic runs collapse more often (each matched pair whose reward can teach something, the
                    rule of measures/collapse.py): supported if the score interval of the difference of the rates lies
                    above 0 and Fisher's exact p is below .05, refuted if the interval lies below 0 and p is.  The exact
                    test is there because the interval alone is too short for so few runs; below LEAST_RUNS of them it
                    cannot reject.  Undecidable also where no run of either cell collapsed, or all of both did.
stability.spread    With the critic the final pass@1 varies more over seeds (the pair with the verifier), the noise of
                    the evaluations taken out (`measures.accuracy.evaluation_variance`): supported if the interval of
                    the difference of the standard deviations (stats/spreads.py) lies above 0, refuted if below.  From
                    LEAST_SEEDS on: there twice the standard deviation is found in every second study; below, hardly
                    ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, sqrt
from statistics import fmean

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.matching import Pair, described, display, matched_pair, teaching_pairs
from rlvr_bench.reports.cells.pairing import pair
from rlvr_bench.reports.cells.reward_setting import VERIFIER
from rlvr_bench.reports.claims.accuracy import NO_PAIR
from rlvr_bench.reports.claims.finding import Conclusion, Finding, not_tested
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import FINAL_SCORE, evaluation_variance, final_score
from rlvr_bench.reports.measures.collapse import collapse_events, times_to_collapse
from rlvr_bench.reports.stats import (
    ALPHA,
    SMALL_N,
    Estimate,
    fisher_exact,
    hazard_ratio,
    noise_free_sd,
    rng,
    sd_difference,
    sd_interval,
    share_difference,
    zero_event_upper,
)

LEAST_RUNS = 4  # all of one cell and none of the other: Fisher's p is .10 with three runs each, .03 with four
LEAST_SEEDS = SMALL_N


def collapse(cells: Sequence[Cell]) -> list[Finding]:
    """stability.collapse"""
    pairs = teaching_pairs(cells)
    found = [_collapse(p, described(p, pairs)) for p in pairs]
    return found or [not_tested("stability.collapse", _collapse_claim("with a verifier", "PPO", "GRPO"), NO_PAIR)]


def _collapse_claim(reward: str, critic: str, free: str) -> str:
    return f"{reward[0].upper()}{reward[1:]}, {critic} collapses more often than {free}."


def _collapse(matched: Pair, reward: str) -> Finding:
    identifier, names = "stability.collapse", [display(c) for c in matched]
    claim = _collapse_claim(reward, *names)
    if not all(c.finished for c in matched):
        return not_tested(identifier, claim, NO_PAIR)
    sizes = [len(c.finished) for c in matched]
    events = [sum(bool(collapse_events(r)) for r in c.finished) for c in matched]
    gap = share_difference(events[0], sizes[0], events[1], sizes[1])
    p = fisher_exact(events[0], sizes[0], events[1], sizes[1])
    conclusion, reason = _more_often(events, sizes, gap, p)
    bounds = [
        f"0 of {n} only bounds the rate of {c.label} below {numbers.percent(zero_event_upper(n))}."
        for c, n, k in zip(matched, sizes, events, strict=True)
        if k == 0
    ]
    if hazards := hazard_ratio(*(times_to_collapse([c]) for c in matched)):
        bounds.append(
            f"Steps until it happens: ratio of hazards {numbers.with_interval(hazards[0], numbers.factor)}, log-rank p "
            f"{numbers.p_value(hazards[1])}."
        )
    text = numbers.with_interval(gap, numbers.points, "points")
    counted = f"{names[0]} {events[0]} of {sizes[0]}, {names[1]} {events[1]} of {sizes[1]}"
    says = f"{reason} ({counted})" if reason else f"{counted}, a difference of {text}"
    return Finding(
        id=identifier,
        claim=claim,
        conclusion=conclusion,
        effect=f"{counted}: difference {text}",
        n=f"{sizes[0]} and {sizes[1]} runs",
        equal=held_equal(*matched),
        rule=f"Collapse rule fixed beforehand. Supported if the {numbers.LEVEL_TEXT} score interval of the "
        f"difference of the rates lies above 0 and Fisher's exact p is below {numbers.plain(ALPHA)}, refuted if it "
        "lies below 0 and p is.",
        note=" ".join(bounds),
        sentence=f"{claim.rstrip('.')}: {conclusion}, {says}.",
        question="stability",
        pair=(matched[0].label, matched[1].label),
        estimate=gap,
        unit="points",
        holds=(0.0, inf),
        p=p,
    )


def _more_often(events: Sequence[int], sizes: Sequence[int], gap: Estimate, p: float) -> tuple[Conclusion, str]:
    """The conclusion, and why there is none as a clause."""
    if min(sizes) < LEAST_RUNS:
        return "undecidable", f"{min(sizes)} finished runs of a cell, the rule needs {LEAST_RUNS}"
    if not any(events):
        return "undecidable", "floor: no run of either cell collapsed"
    if list(events) == list(sizes):
        return "undecidable", "ceiling: every run of both cells collapsed"
    return (_side(gap, 0.0) if p < ALPHA else "inconclusive"), ""


def _side(estimate: Estimate, threshold: float) -> Conclusion:
    if estimate.low is not None and estimate.low > threshold:
        return "supported"
    return "refuted" if estimate.high is not None and estimate.high < threshold else "inconclusive"


def spread(cells: Sequence[Cell]) -> list[Finding]:
    """stability.spread"""
    identifier, matched = "stability.spread", matched_pair(cells, VERIFIER)
    names = [display(c) for c in matched] if matched else ["PPO", "GRPO"]
    claim = f"{names[0]}'s final pass@1 varies more over seeds than {names[1]}'s."
    if matched is None or (values := pair(*matched, final_score)) is None:
        return [not_tested(identifier, claim, NO_PAIR)]
    noise = [_noise(c) for c in matched]
    taken = [v or 0.0 for v in noise]
    found, n = sd_difference(values.a, values.b, taken[0], taken[1], rng()), len(values.seeds)
    gap, p = found or (None, None)
    conclusion: Conclusion = "undecidable"
    if n < LEAST_SEEDS:
        reason = f"{numbers.count(n, 'paired seed')}, the rule needs {LEAST_SEEDS}"
    elif gap is None:
        reason = "a cell has no spread over its seeds"
    else:
        conclusion, reason = _side(gap, 0.0), ""
    text = f"difference {numbers.with_interval(gap, numbers.points, 'points')}" if gap else f"none known (n = {n})"
    each = [_deviation(v, e) for v, e in zip((values.a, values.b), taken, strict=True)] if n > 1 else ["unknown"] * 2
    says = f"standard deviations {names[0]} {each[0]}, {names[1]} {each[1]} points: {text}"
    return [
        Finding(
            id=identifier,
            claim=claim,
            conclusion=conclusion,
            effect=says,
            n=values.n,
            equal=held_equal(*matched),
            rule=f"Supported if the {numbers.LEVEL_TEXT} generalized interval of the difference of the standard "
            f"deviations over seeds lies above 0, refuted if below; from {LEAST_SEEDS} seeds on. Score: {FINAL_SCORE}.",
            note=_noise_note(noise),
            sentence=f"{claim.rstrip('.')}: {conclusion}, {f'{reason} ({says})' if reason else says}.",
            question="stability",
            pair=(matched[0].label, matched[1].label),
            estimate=gap,
            unit="points",
            holds=(0.0, inf),
            p=p,
        )
    ]


def _noise(cell: Cell) -> float | None:
    """Mean variance of a final score by the sampling of completions; None where one is not known."""
    found = [evaluation_variance(r) for r in cell.finished]
    known = [v for v in found if v is not None]
    return fmean(known) if known and len(known) == len(found) else None


def _deviation(values: Sequence[float], noise: float) -> str:
    low, high = sd_interval(values, noise, rng())
    return f"{100 * noise_free_sd(values, noise):.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _noise_note(noise: Sequence[float | None]) -> str:
    if any(v is None for v in noise):
        return "The noise of the evaluations was not recorded for both and is still in the standard deviations."
    errors = " and ".join(f"{100 * sqrt(v or 0.0):.2f}" for v in noise)
    return f"Taken out: the standard error of an evaluation by the sampling of completions, {errors} points."
