"""The table of compute: what the runs of each cell sampled, computed and took."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from rlvr_bench.reports import numbers
from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Run, Study
from rlvr_bench.reports.page.table import Table
from rlvr_bench.reports.paper.arms import arms

NOTE = (
    "Means over the finished runs. Samples, tokens and TFLOP are those of training: completions, their tokens, and "
    "1e12 operations of the models as counted by formula. Minutes: wall clock of one run from start to end, with its "
    "evaluations; hours: of all its runs added up, also where several ran side by side. Base models, reward models and "
    "the pretraining of critics that runs share were made once and are not in them."
)
COLUMNS = ("cell", "runs", "steps", "samples", "tokens", "TFLOP", "minutes a run", "hours in all")


def compute_table(study: Study) -> Table:
    """One row for each cell of each part, and the total."""
    several, rows = len(study.manifest.parts) > 1, []
    for arm in arms(study):
        finished = [run for run in arm.runs if run.finished]
        label = f"{one_line(arm.part.name)}: {arm.label}" if several else arm.label
        rows.append((label, *_of(arm.runs, finished)))
    rows.append(("All runs", *_of(study.runs, ())))
    return Table("Compute", COLUMNS, tuple(rows), NOTE)


def _of(planned: Sequence[Run], finished: Sequence[Run]) -> tuple[str, ...]:
    seconds = [run.summary.wall_seconds for run in planned if run.summary]
    own = [run.summary.wall_seconds / 60 for run in finished if run.summary]
    steps = [float(run.summary.steps_done) for run in finished if run.summary]
    done = sum(run.finished for run in planned)
    return (
        f"{done} of {len(planned)}",
        _whole(_mean(steps)),
        _whole(_mean_of(finished, "cost/samples")),
        _whole(_mean_of(finished, "cost/tokens")),
        _number(_mean_of(finished, "cost/flops"), 1e12),
        _number(_mean(own)),
        _number(sum(seconds) / 3600 if seconds else None),
    )


def total(run: Run, metric: str) -> float | None:
    """Of all steps together; None where one did not record it, because the sum would be too small."""
    values = [v for step, v in run.series(metric) if step > 0]
    return sum(values) if values and len(values) == sum(row["step"] > 0 for row in run.metrics) else None


def _mean_of(runs: Sequence[Run], metric: str) -> float | None:
    found = [total(run, metric) for run in runs]
    known = [value for value in found if value is not None]
    return _mean(known) if len(known) == len(found) else None


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _whole(value: float | None) -> str:
    return numbers.ABSENT if value is None else numbers.whole(round(value))


def _number(value: float | None, unit: float = 1.0) -> str:
    return numbers.ABSENT if value is None else numbers.number(value / unit)
