"""The collapse rule, fixed before any run was looked at.

A run collapsed when any of these holds:
    evaluation   pass@1 below half of its running maximum for 3 evaluations, and still so at the end
    entropy      entropy below 10 % of its first value while the latest pass@1 is below .9
    length       mean completion length below 25 % of its first value
    truncation   more than 80 % of the completions reach the length limit
    not finite   a recorded training value is NaN or infinite, or the run ended as diverged
    gradient     the actor's gradient norm above 10 times its median

Steps whose gradient is exactly 0 (no group had a signal) are left out of that median: they would pull it to 0
and make any later signal look like an explosion.  Two flags are kept apart and are no collapse: zero-variance
groups above 90 % in more than half of the steps, and explained variance <= 0 in more than half of the steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from rlvr_bench.reports.load import Run


@dataclass(frozen=True)
class Event:
    step: int
    rule: str


def collapse_events(run: Run) -> tuple[Event, ...]:
    """The first event of each rule that fired, by step; empty for a run that did not collapse."""
    found = [
        _evaluation(run.series("eval/pass@1")),
        _entropy(run.series("train/entropy"), run.series("eval/pass@1")),
        _length(run.series("rollout/length_mean")),
        _above(run.series("rollout/truncated_fraction"), 0.8, "truncation"),
        _not_finite(run),
        _gradient(run.series("train/grad_norm")),
    ]
    return tuple(sorted((e for e in found if e), key=lambda e: (e.step, e.rule)))


def flags(run: Run) -> tuple[str, ...]:
    """Warnings that are not a collapse."""
    groups = [v > 0.9 for _, v in run.series("rollout/zero_std_groups")]
    critic = [v <= 0 for _, v in run.series("train/explained_variance")]
    texts = []
    if groups and sum(groups) > len(groups) / 2:
        texts.append("zero-variance groups above 90 % in over half of the steps")
    if critic and sum(critic) > len(critic) / 2:
        texts.append("explained variance of the critic at most 0 in over half of the steps")
    return tuple(texts)


Series = Sequence[tuple[int, float]]


def _evaluation(accuracy: Series) -> Event | None:
    best, since, streak = 0.0, 0, 0
    for step, value in accuracy:
        best = max(best, value)
        if value < best / 2:
            since = step if streak == 0 else since
            streak += 1
        else:
            streak = 0
    return Event(since, "evaluation") if streak >= 3 else None


def _entropy(entropy: Series, accuracy: Series) -> Event | None:
    for step, value in entropy:
        latest = [a for s, a in accuracy if s <= step]
        if latest and latest[-1] < 0.9 and value < 0.1 * entropy[0][1]:
            return Event(step, "entropy")
    return None


def _length(lengths: Series) -> Event | None:
    return next((Event(step, "length") for step, v in lengths if v < 0.25 * lengths[0][1]), None)


def _above(values: Series, limit: float, rule: str) -> Event | None:
    return next((Event(step, rule) for step, v in values if v > limit), None)


def _not_finite(run: Run) -> Event | None:
    for row in run.metrics:
        if any(name.startswith("train/") for name in row.get("not_finite", ())):
            return Event(row["step"], "not finite")
    if run.state == "diverged":
        return Event(run.metrics[-1]["step"] if run.metrics else 0, "not finite")
    return None


def _gradient(norms: Series) -> Event | None:
    positive = [v for _, v in norms if v > 0]
    return _above(norms, 10 * median(positive), "gradient") if positive else None
