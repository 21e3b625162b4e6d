"""Baselines are compared here: how noisy the policy gradient is with each, at fixed policies along training.

A row of ladder.jsonl has for each rung the variance of its gradients over batches of one size, relative to the squared
norm of a reference gradient, and their cosines with that reference.  The rungs of a row saw the same completions, so
they are compared within it: variance over that of the oracle, whose baseline is a prompt's true mean reward.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log
from statistics import fmean
from typing import Any

import numpy as np

from rlvr_bench.reports.load import Cell, LadderRow
from rlvr_bench.reports.stats import Estimate, t_interval

RUNGS = ("none", "batch mean", "leave one out", "group mean", "group mean and std", "critic", "oracle")
ORACLE, CRITIC, BATCH_MEAN = "oracle", "critic", "batch mean"


@dataclass(frozen=True, kw_only=True)
class RungNumbers:
    """One baseline at one step of one cell, over the seeds that measured it."""

    rung: str
    step: int
    relative: Estimate | None  # variance over the oracle's: geometric mean, interval of the logarithms
    variance: Estimate  # likewise, over the squared norm of the reference gradient
    cosine: Estimate  # mean over batches, with the reference gradient


@dataclass(frozen=True, kw_only=True)
class CriticPoint:
    """One seed at one step: EVPO's two quantities."""

    cell: str
    seed: int
    step: int
    explained: float  # variance of the returns that the critic explains
    ratio: float  # variance of the gradient with the critic over that with the batch mean

    @property
    def agrees(self) -> bool:
        """Whether the critic lowers the variance exactly if it explains some."""
        return (self.explained > 0) == (self.ratio < 1)


def rungs(cell: Cell) -> tuple[RungNumbers, ...]:
    """By step and rung, in the order of RUNGS; empty where the cell measured none."""
    by_step: dict[int, list[LadderRow]] = {}
    for run in cell.finished:
        for row in run.ladder:
            by_step.setdefault(int(row["step"]), []).append(row)
    found = []
    for step in sorted(by_step):
        rows = by_step[step]
        names = dict.fromkeys(name for row in rows for name in row.get("rungs", {}))
        for rung in sorted(names, key=lambda n: RUNGS.index(n) if n in RUNGS else len(RUNGS)):
            numbers = _rung(rung, step, rows)
            found += [numbers] if numbers else []
    return tuple(found)


def _rung(rung: str, step: int, rows: Sequence[LadderRow]) -> RungNumbers | None:
    measured = [row["rungs"] for row in rows if variance(row, rung) is not None]
    variances = [v for row in rows if (v := variance(row, rung)) is not None]
    pairs = [(v, o) for row in rows if (v := variance(row, rung)) and (o := variance(row, ORACLE))]
    if not measured:
        return None
    return RungNumbers(
        rung=rung,
        step=step,
        relative=_geometric([v / o for v, o in pairs]) if pairs else None,
        variance=_geometric(variances),
        cosine=t_interval([fmean(of[rung]["cosines"]) for of in measured]),
    )


def variance(row: LadderRow, rung: str) -> float | None:
    """Of one rung in one row; None where it was not measured, or is not above 0."""
    found: Any = row.get("rungs", {}).get(rung)
    value = found.get("variance") if isinstance(found, Mapping) else None
    return float(value) if isinstance(value, (int, float)) and isfinite(value) and value > 0 else None


def _geometric(values: Sequence[float]) -> Estimate:
    """Geometric mean with Student's interval of the logarithms."""
    e = t_interval([log(v) for v in values])
    ends = [None if x is None else float(np.exp(x)) for x in (e.low, e.high)]
    return Estimate(float(np.exp(e.value)), ends[0], ends[1], e.n, "log t" if e.known else "single")


def critic_points(cells: Sequence[Cell]) -> tuple[CriticPoint, ...]:
    """Of every seed and step with a critic."""
    found = []
    for cell in cells:
        for run in cell.finished:
            for row in run.ladder:
                critic, mean, explained = (
                    variance(row, CRITIC),
                    variance(row, BATCH_MEAN),
                    row.get("explained_variance"),
                )
                if critic and mean and explained is not None:
                    point = CriticPoint(
                        cell=cell.name, seed=run.seed, step=int(row["step"]), explained=explained, ratio=critic / mean
                    )
                    found.append(point)
    return tuple(found)
