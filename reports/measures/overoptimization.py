"""How a reward and what it is a proxy of move apart is computed here, over the distance from the base model.

Distance is sqrt(KL(policy || base)) in sqrt(nats per completion), as in Gao et al. 2022, arXiv:2210.10760: the
recorded KL a token times the mean length is the KL a completion, exactly where no verdict is missing: both are then
over the same completions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt
from statistics import fmean

from rlvr_bench.reports.cells.reward_setting import MODELED, RANDOM, reward_setting
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.over_seeds import over_seeds
from rlvr_bench.reports.measures.windows import Series, last_recorded_quarter, recorded_quarters, training_series
from rlvr_bench.reports.stats import Estimate

TRUE, PROXY = "rollout/true_reward_mean", "rollout/proxy_reward_mean"
GAP, PAIR_ACCURACY = "rollout/proxy_true_gap", "rollout/proxy_pair_accuracy"
BLOCKS = 24  # a run's steps after the first are averaged in at most so many blocks: a single step is noisy


def is_studied(cells: Sequence[Cell]) -> bool:
    """Whether any cell was trained on something else than the verifier."""
    return any(reward_setting(c).source in (*MODELED, RANDOM) for c in cells)


def sequence_kl(run: Run) -> Series:
    """KL(policy || base) in nats per completion, by step; never below 0, as its estimator k3 is not."""
    lengths = dict(training_series(run, "rollout/length_mean"))
    return [(s, max(0.0, v) * lengths[s]) for s, v in training_series(run, "train/kl_to_reference") if s in lengths]


def path(run: Run, metric: str) -> list[tuple[float, float]]:
    """(distance, metric): the first step alone, where the policy is still the base model, then means of blocks."""
    values = dict(training_series(run, metric))
    both = [(kl, values[s]) for s, kl in sequence_kl(run) if s in values]
    size = max(1, -(-(len(both) - 1) // BLOCKS))
    blocks = [both[:1], *(both[i : i + size] for i in range(1, len(both), size))]
    return [(sqrt(fmean(kl for kl, _ in b)), fmean(v for _, v in b)) for b in blocks if b]


def final_distance(run: Run) -> float | None:
    """The root of the mean KL over the last quarter of the recorded steps."""
    ends = recorded_quarters(sequence_kl(run))
    return sqrt(ends[1]) if ends else None


def peak(run: Run) -> tuple[float, float] | None:
    """(true reward, distance) of the best point of the path; the first of equals."""
    points = path(run, TRUE)
    best = max(points, key=lambda p: p[1], default=None)
    return (best[1], best[0]) if best else None


@dataclass(frozen=True, kw_only=True)
class EndOfTraining:
    """One cell over its finished seeds; None where nothing was recorded."""

    cell: str
    label: str
    true: Estimate | None
    proxy: Estimate | None
    gap: Estimate | None
    pair_accuracy: Estimate | None
    distance: Estimate | None
    peak: Estimate | None
    peak_distance: Estimate | None


def ends_of_training(cells: Sequence[Cell]) -> tuple[EndOfTraining, ...]:
    """Means of the last quarter of the recorded steps, and the best point on the way."""
    return tuple(
        EndOfTraining(
            cell=cell.name,
            label=cell.label,
            true=over_seeds(cell, lambda r: last_recorded_quarter(r, TRUE), most=1.0),
            proxy=over_seeds(cell, lambda r: last_recorded_quarter(r, PROXY), least=-inf),
            gap=over_seeds(cell, lambda r: last_recorded_quarter(r, GAP), least=-inf),
            pair_accuracy=over_seeds(cell, lambda r: last_recorded_quarter(r, PAIR_ACCURACY), most=1.0),
            distance=over_seeds(cell, final_distance),
            peak=over_seeds(cell, lambda r: p[0] if (p := peak(r)) else None, most=1.0),
            peak_distance=over_seeds(cell, lambda r: p[1] if (p := peak(r)) else None),
        )
        for cell in cells
    )
