"""Seconds and tokens of a step are computed here, over the steps after warm-up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from statistics import fmean, median

from rlvr_bench.harness.records import PHASES
from rlvr_bench.reports.load import MetricsRow, Run, remembered

NOT_OF_A_STEP = ("evaluate", "checkpoint")  # phases that are no part of a step's cost


@remembered
def timed_rows(run: Run) -> list[MetricsRow]:
    """Training steps after the warm-up steps, which pay for first-time allocation and compilation."""
    measure = run.config.get("measure")
    warm_up = measure.get("warmup_steps", 1) if isinstance(measure, Mapping) else 1
    return [r for r in run.metrics if r["step"] >= 1 and r.get("cost/seconds") is not None][int(warm_up) :]


@remembered
def step_seconds(run: Run) -> float | None:
    """Median seconds of a step, evaluation and checkpoint left out."""
    values = [r["cost/seconds"] for r in timed_rows(run)]
    return median(values) if values else None


@remembered
def tokens_per_second(run: Run) -> float | None:
    """Completion tokens over seconds, of all timed steps together."""
    rows = [r for r in timed_rows(run) if r.get("cost/tokens") is not None]
    seconds = sum(r["cost/seconds"] for r in rows)
    return sum(r["cost/tokens"] for r in rows) / seconds if seconds else None


def per_phase(run: Run, prefix: str, average: Callable[[list[float]], float] = fmean) -> dict[str, float]:
    """Mean, or another average, of `<prefix>/<phase>` over the timed steps, in the order of the phases."""
    sums: dict[str, list[float]] = {}
    for row in timed_rows(run):
        for name, value in row.items():
            if name.startswith(prefix + "/") and value is not None:
                sums.setdefault(name.removeprefix(prefix + "/"), []).append(value)
    return {phase: average(sums[phase]) for phase in phases_of_a_step(sums)}


def phases_of_a_step(found: Iterable[str]) -> list[str]:
    """The phases that count, in their order, unknown ones last."""
    present = set(found) - set(NOT_OF_A_STEP)
    return [p for p in PHASES if p in present] + sorted(present - set(PHASES))
