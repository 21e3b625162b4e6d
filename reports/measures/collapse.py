"""The collapse rule, fixed before any run was looked at, is applied here.

A run collapsed when any of the rules of RULE_IN_WORDS holds; `collapse_events` names them evaluation, entropy,
length, truncation, not finite and gradient.  For the gradient rule, steps whose gradient is exactly 0 (no group had
a signal) are left out of the median: they would pull it to 0 and make any later signal look like an explosion.
Two flags are kept apart and are no collapse: most groups without variance, and a critic that explains nothing, each
in more than half of the steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from rlvr_bench.reports.load import Cell, Run, remembered
from rlvr_bench.reports.numbers import plain, whole_percent
from rlvr_bench.reports.stats import Arrival

EVALUATIONS = 3  # in a row, and to the end, below half of the running maximum
ENTROPY_SHARE = 0.1  # of its first value
SURE = 0.9  # pass@1 from which on a low entropy is no collapse
LENGTH_SHARE = 0.25  # of its first value
TRUNCATED_SHARE = 0.8  # of the completions
GRADIENT_FACTOR = 10  # times the median
SILENT_GROUPS = 0.9  # share of groups without variance, for the flag

RULE_IN_WORDS = (
    f"pass@1 below half of its running maximum for {EVALUATIONS} evaluations and to the end; entropy below "
    f"{whole_percent(ENTROPY_SHARE)} of its first value while pass@1 is below {plain(SURE)}; mean length below "
    f"{whole_percent(LENGTH_SHARE)} of its first value; over {whole_percent(TRUNCATED_SHARE)} of completions "
    f"truncated; a training value not finite; gradient norm above {GRADIENT_FACTOR} times its median"
)
Series = Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Event:
    """A rule that fired, and the step at which it did."""

    step: int
    rule: str


@remembered
def collapse_events(run: Run) -> tuple[Event, ...]:
    """The first event of each rule that fired, by step; empty for a run that did not collapse."""
    found = [
        _evaluation(run.series("eval/pass@1")),
        _entropy(run.series("train/entropy"), run.series("eval/pass@1")),
        _length(run.series("rollout/length_mean")),
        _above(run.series("rollout/truncated_fraction"), TRUNCATED_SHARE, "truncation"),
        _not_finite(run),
        _gradient(run.series("train/grad_norm")),
    ]
    return tuple(sorted((e for e in found if e), key=lambda e: (e.step, e.rule)))


def time_to_collapse(run: Run) -> Arrival:
    """The step of its first event; of a run without one the last step, up to which it is known to have survived."""
    events = collapse_events(run)
    if events:
        return Arrival(float(events[0].step), True)
    return Arrival(float(run.metrics[-1]["step"] if run.metrics else 0), False)


def times_to_collapse(cells: Iterable[Cell]) -> list[Arrival]:
    """Of every finished run of the cells."""
    return [time_to_collapse(run) for cell in cells for run in cell.finished]


@remembered
def flags(run: Run) -> tuple[str, ...]:
    """Warnings that are not a collapse."""
    groups = [v > SILENT_GROUPS for _, v in run.series("rollout/zero_std_groups")]
    critic = [v <= 0 for _, v in run.series("train/explained_variance")]
    texts = []
    if groups and sum(groups) > len(groups) / 2:
        texts.append(f"zero-variance groups above {whole_percent(SILENT_GROUPS)} in over half of the steps")
    if critic and sum(critic) > len(critic) / 2:
        texts.append("explained variance of the critic at most 0 in over half of the steps")
    return tuple(texts)


def _evaluation(accuracy: Series) -> Event | None:
    best, since, streak = 0.0, 0, 0
    for step, value in accuracy:
        best = max(best, value)
        if value < best / 2:
            since = step if streak == 0 else since
            streak += 1
        else:
            streak = 0
    return Event(since, "evaluation") if streak >= EVALUATIONS else None


def _entropy(entropy: Series, accuracy: Series) -> Event | None:
    for step, value in entropy:
        latest = [a for s, a in accuracy if s <= step]
        if latest and latest[-1] < SURE and value < ENTROPY_SHARE * entropy[0][1]:
            return Event(step, "entropy")
    return None


def _length(lengths: Series) -> Event | None:
    return next((Event(step, "length") for step, v in lengths if v < LENGTH_SHARE * lengths[0][1]), None)


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
    return _above(norms, GRADIENT_FACTOR * median(positive), "gradient") if positive else None
