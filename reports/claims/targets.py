"""Who reaches a target accuracy for less is judged here, runs that never reach it among them.

budget.samples   Without a critic, pass@1 of TARGET is reached with fewer samples: the ratio of what each pair had spent
                 by then lies below 1.  Runs that end before they reach it are censored (stats.judge_times).
budget.seconds   Likewise with fewer seconds; a busy machine makes it undecidable.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.matching import Pair, described, display, teaching_pairs
from rlvr_bench.reports.cells.pairing import Paired
from rlvr_bench.reports.claims.accuracy import NO_PAIR
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.claims.judged import Proposition, finding, spread_of
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.budgets import TARGET, arrivals_of
from rlvr_bench.reports.measures.machine import busy, timing_note
from rlvr_bench.reports.numbers import plain
from rlvr_bench.reports.stats import Arrival, judge_times

WORDS = {"samples": "fewer samples", "seconds": "fewer seconds of training"}


def samples(cells: Sequence[Cell]) -> list[Finding]:
    """budget.samples"""
    return _each(cells, "samples")


def seconds(cells: Sequence[Cell]) -> list[Finding]:
    """budget.seconds"""
    return _each(cells, "seconds")


def _each(cells: Sequence[Cell], budget: str) -> list[Finding]:
    pairs = teaching_pairs(cells)
    return [_target(p, described(p, pairs), budget) for p in pairs] or [_no("With a verifier, GRPO", "PPO", budget)]


def _claim(who: str, than: str, budget: str) -> str:
    return f"{who} reaches pass@1 of {plain(TARGET)} with {WORDS[budget]} than {than}."


def _no(who: str, than: str, budget: str) -> Finding:
    return not_tested(f"budget.{budget}", _claim(who, than, budget), NO_PAIR)


def _target(matched: Pair, reward: str, budget: str) -> Finding:
    critic, free = matched
    who = f"{reward[0].upper()}{reward[1:]}, {display(free)}"
    a, b = arrivals_of((free, critic), budget, TARGET)
    if not any(seed in b for seed in a):
        return _no(who, display(critic), budget)
    proposition = Proposition(
        id=f"budget.{budget}",
        claim=_claim(who, display(critic), budget),
        question="budget",
        kind="less",
        margin=1.0,
        scale="ratio",
        pair=(free.label, critic.label),
        noun="what it takes",
    )
    timed = budget == "seconds"
    judgment = judge_times("less", a, b, margin=1.0, planned=0)
    return finding(
        proposition,
        judgment,
        equal=held_equal(*matched),
        blocked=busy(matched) if timed else "",
        spread=spread_of(proposition, both_arrived(a, b)),
        rule=f"Training's {budget} up to the first evaluation with pass@1 of {plain(TARGET)} or more.",
        note=f"{reached_note(matched[::-1], (a, b))} {timing_note(matched) if timed else ''}".strip(),
    )


def both_arrived(a: dict[int, Arrival], b: dict[int, Arrival]) -> Paired:
    """The times, where every pair arrived after the start; none otherwise, since a part of them is a choice."""
    pairs = {seed: (a[seed], b[seed]) for seed in a if seed in b}
    if not all(one.reached and one.time > 0 for both in pairs.values() for one in both):
        return Paired((), (), ())
    return Paired(tuple(pairs), tuple(x.time for x, _ in pairs.values()), tuple(y.time for _, y in pairs.values()))


def reached_note(cells: Sequence[Cell], arrivals: Sequence[dict[int, Arrival]]) -> str:
    """How many runs of each cell reached the target, and what became of the others."""
    counts = [(sum(i.reached for i in of_cell.values()), len(of_cell)) for of_cell in arrivals]
    told = ", ".join(f"{cell.label} {some} of {n}" for cell, (some, n) in zip(cells, counts, strict=True))
    censored = any(some < n for some, n in counts)
    rest = " Those that did not are censored, not left out: log-rank test, and the effects that it does not reject."
    return f"Reached the target: {told}.{rest if censored else ''}"
