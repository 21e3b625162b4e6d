"""How a reward and what it is a proxy of move apart is computed here, over the distance from the base model.

Distance is sqrt(KL(policy || base)) in sqrt(nats per completion), as in Gao et al. 2022, arXiv:2210.10760: the
recorded KL a token times the mean length is the KL a completion, exactly where no verdict is missing: both are then
over the same completions.  The KL is that over the whole vocabulary where the run recorded it (`measure.exact_kl`), and
else the estimate from the sampled tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt
from statistics import fmean

from rlvr_bench.reports.cells.reward_setting import MODELED, RANDOM, reward_setting
from rlvr_bench.reports.load import Cell, Run, remembered
from rlvr_bench.reports.measures.over_seeds import over_seeds
from rlvr_bench.reports.measures.windows import QUARTERS, Series, last_quarter, quarter_means, training_series
from rlvr_bench.reports.stats import Curve, Estimate, Peak, common_distances, peak_over_seeds

TRUE, PROXY = "rollout/true_reward_mean", "rollout/proxy_reward_mean"
GAP, PAIR_ACCURACY = "rollout/proxy_true_gap", "rollout/proxy_pair_accuracy"
EXACT_KL, SAMPLED_KL = "train/exact_kl_to_reference", "train/kl_to_reference"
BLOCKS = 24  # a run's steps after the first are averaged in at most so many blocks: a single step is noisy


def is_studied(cells: Sequence[Cell]) -> bool:
    """Whether any cell was trained on something else than the verifier."""
    return any(reward_setting(c).source in (*MODELED, RANDOM) for c in cells)


def sequence_kl(run: Run) -> Series:
    """KL(policy || base) in nats per completion, by step; never below 0, as neither it nor its estimator k3 is."""
    lengths = dict(training_series(run, "rollout/length_mean"))
    a_token = training_series(run, EXACT_KL) or training_series(run, SAMPLED_KL)
    return [(s, max(0.0, v) * lengths[s]) for s, v in a_token if s in lengths]


@remembered
def path(run: Run, metric: str) -> list[tuple[float, float]]:
    """(distance, metric): the first step alone, where the policy is still the base model, then means of blocks."""
    values = dict(training_series(run, metric))
    both = [(kl, values[s]) for s, kl in sequence_kl(run) if s in values]
    size = max(1, -(-(len(both) - 1) // BLOCKS))
    blocks = [both[:1], *(both[i : i + size] for i in range(1, len(both), size))]
    return [(sqrt(fmean(kl for kl, _ in b)), fmean(v for _, v in b)) for b in blocks if b]


def final_distance(run: Run) -> float | None:
    """The root of the mean KL over the last quarter of the planned steps."""
    ends = quarter_means(run, sequence_kl(run))
    return sqrt(ends[1]) if ends else None


def final_true(run: Run) -> float | None:
    """True reward over the last quarter of the planned steps; 0 of a run that diverged before its end."""
    found = last_quarter(run, TRUE)
    return 0.0 if found is None and run.state == "diverged" else found


def paths(cell: Cell, metric: str = TRUE) -> dict[int, list[tuple[float, float]]]:
    """`path` of each finished seed that recorded it."""
    return {r.seed: found for r in cell.finished if (found := path(r, metric))}


def quarter_points(curves: Sequence[Curve]) -> tuple[float, ...]:
    """Where curves are compared: a quarter, a half and three quarters of the way over the distances all of them cover.

    Empty where they have no stretch in common.
    """
    try:
        return tuple(float(d) for d in common_distances(curves, QUARTERS + 1)[1:-1])
    except ValueError:
        return ()


def cross_fitted_peak(cell: Cell) -> Peak | None:
    """Height of the cell's peak, each half of the seeds read where the other half has its best; None below four."""
    try:
        return peak_over_seeds(list(paths(cell).values()), count=BLOCKS)
    except ValueError:
        return None


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
    peak: Peak | None


def ends_of_training(cells: Sequence[Cell]) -> tuple[EndOfTraining, ...]:
    """Means of the last quarter of the planned steps, and the best point on the way."""
    return tuple(
        EndOfTraining(
            cell=cell.name,
            label=cell.label,
            true=over_seeds(cell, final_true, most=1.0),
            proxy=over_seeds(cell, lambda r: last_quarter(r, PROXY), least=-inf),
            gap=over_seeds(cell, lambda r: last_quarter(r, GAP), least=-inf),
            pair_accuracy=over_seeds(cell, lambda r: last_quarter(r, PAIR_ACCURACY), most=1.0),
            distance=over_seeds(cell, final_distance),
            peak=cross_fitted_peak(cell),
        )
        for cell in cells
    )
