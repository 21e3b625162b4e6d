"""Whether PPO is PPO is measured here: a critic that explains something, and updates that are clipped.

The critic's explained variance is that of the values of each step's rollout before the critic is trained on it, hence
always on completions that are new to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from statistics import fmean

from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.over_seeds import over_seeds
from rlvr_bench.reports.measures.windows import Series, last_quarter, training_series
from rlvr_bench.reports.stats import Estimate

EXPLAINED, CLIPPED, KL = "train/explained_variance", "train/clip_fraction", "train/approx_kl"


@dataclass(frozen=True, kw_only=True)
class CriticNumbers:
    """One cell with a critic, over its finished seeds; None where nothing was recorded."""

    cell: str
    label: str
    explained: Estimate  # last quarter of the planned steps
    above_zero: float  # share of the steps after the critic's warm-up in which it is above 0
    clipped: Estimate | None  # mean over the steps of training
    kl: Estimate | None  # likewise, nats per token


def warm_up(cell: Cell) -> int:
    """First steps in which the critic alone was trained."""
    train = cell.config.get("train")
    return int(train.get("critic_warmup_steps", 0)) if isinstance(train, dict) else 0


def critic_numbers(cells: Sequence[Cell]) -> tuple[CriticNumbers, ...]:
    """Of the cells that recorded a critic's explained variance."""
    found = []
    for cell in cells:
        explained = over_seeds(cell, lambda r: last_quarter(r, EXPLAINED), least=-inf, most=1.0)
        after = [v for r in cell.finished for _, v in _trained(r, EXPLAINED, warm_up(cell))]
        if explained is None or not after:
            continue
        found.append(
            CriticNumbers(
                cell=cell.name,
                label=cell.label,
                explained=explained,
                above_zero=fmean(v > 0 for v in after),
                clipped=_mean(cell, CLIPPED),
                kl=_mean(cell, KL),
            )
        )
    return tuple(found)


def _mean(cell: Cell, metric: str) -> Estimate | None:
    def of_run(run: Run) -> float | None:
        values = [v for _, v in _trained(run, metric, warm_up(cell))]
        return fmean(values) if values else None

    return over_seeds(cell, of_run)


def _trained(run: Run, metric: str, after: int) -> Series:
    return [(s, v) for s, v in training_series(run, metric) if s > after]
