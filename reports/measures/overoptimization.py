"""Numbers about a reward and what it stands for: distance from the base model, reward models, ends and peaks.

Distance is sqrt(KL(policy || base)) in sqrt(nats per completion), as in Gao et al. 2022, arXiv:2210.10760: the
recorded KL a token times the mean length is the KL a completion, exactly where no verdict is missing: both are then
over the same completions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt
from statistics import fmean
from typing import Any

from rlvr_bench.reports.cells.reward_setting import MODELLED, RANDOM, treatment
from rlvr_bench.reports.claims.verdict import rng
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.runs import final_score, first_and_last_quarter
from rlvr_bench.reports.stats import Estimate, mean_estimate, wilson

TRUE, PROXY = "rollout/true_reward_mean", "rollout/proxy_reward_mean"
GAP, PAIR_ACCURACY = "rollout/proxy_true_gap", "rollout/proxy_pair_accuracy"
BLOCKS = 24  # a run's steps after the first are averaged in at most so many blocks: a single step is noisy
Series = list[tuple[int, float]]


def is_studied(cells: Sequence[Cell]) -> bool:
    """Whether any cell was trained on something else than the verifier."""
    return any(treatment(c).source in (*MODELLED, RANDOM) for c in cells)


def training(run: Run, metric: str) -> Series:
    """The steps of training; step 0 is only evaluated."""
    return [(s, v) for s, v in run.series(metric) if s > 0]


def sequence_kl(run: Run) -> Series:
    """KL(policy || base) in nats per completion, by step; never below 0, as its estimator k3 is not."""
    lengths = dict(training(run, "rollout/length_mean"))
    return [(s, max(0.0, v) * lengths[s]) for s, v in training(run, "train/kl_to_reference") if s in lengths]


def path(run: Run, metric: str) -> list[tuple[float, float]]:
    """(distance, metric): the first step alone, where the policy is still the base model, then means of blocks."""
    values = dict(training(run, metric))
    both = [(kl, values[s]) for s, kl in sequence_kl(run) if s in values]
    size = max(1, -(-(len(both) - 1) // BLOCKS))
    blocks = [both[:1], *(both[i : i + size] for i in range(1, len(both), size))]
    return [(sqrt(fmean(kl for kl, _ in b)), fmean(v for _, v in b)) for b in blocks if b]


def last_quarter(run: Run, metric: str) -> float | None:
    """Mean over the last quarter of the steps that recorded it."""
    ends = first_and_last_quarter(training(run, metric))
    return ends[1] if ends else None


def final_distance(run: Run) -> float | None:
    ends = first_and_last_quarter(sequence_kl(run))
    return sqrt(ends[1]) if ends else None


def peak(run: Run) -> tuple[float, float] | None:
    """(true reward, distance) of the best point of the path; the first of equals."""
    points = path(run, TRUE)
    best = max(points, key=lambda p: p[1], default=None)
    return (best[1], best[0]) if best else None


def gain(run: Run) -> float | None:
    """Final pass@1 less that of the base model, evaluated at step 0."""
    start = dict(run.series("eval/pass@1")).get(0)
    final = final_score(run)
    return None if start is None or final is None else final - start


def base_pass_rate(cells: Sequence[Cell]) -> float | None:
    """As the labels of the first reward model found it; without one, mean pass@1 before training."""
    if models := reward_models(cells):
        return models[0].base_pass_rate
    starts = [v for c in cells for r in c.runs for s, v in r.series("eval/pass@1") if s == 0]
    return fmean(starts) if starts else None


@dataclass(frozen=True)
class Outcome:
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


def outcomes(cells: Sequence[Cell]) -> tuple[Outcome, ...]:
    return tuple(
        Outcome(
            cell.name,
            cell.label,
            _over_seeds(cell, lambda r: last_quarter(r, TRUE), most=1.0),
            _over_seeds(cell, lambda r: last_quarter(r, PROXY), least=-inf),
            _over_seeds(cell, lambda r: last_quarter(r, GAP), least=-inf),
            _over_seeds(cell, lambda r: last_quarter(r, PAIR_ACCURACY), most=1.0),
            _over_seeds(cell, final_distance),
            _over_seeds(cell, lambda r: p[0] if (p := peak(r)) else None, most=1.0),
            _over_seeds(cell, lambda r: p[1] if (p := peak(r)) else None),
        )
        for cell in cells
    )


def _over_seeds(
    cell: Cell, measure: Callable[[Run], float | None], least: float = 0.0, most: float = inf
) -> Estimate | None:
    """The interval ends at the limits of the quantity; a reward of other weights may pass them, and then has none."""
    values = [v for r in cell.finished if (v := measure(r)) is not None]
    if not values:
        return None
    inside = least <= min(values) and max(values) <= most
    return mean_estimate(values, rng(), bounds=(least, most) if inside else None)


@dataclass(frozen=True)
class Bin:
    """Held-out pairs of which the model was about equally sure."""

    confidence: float  # mean predicted probability that the preferred completion is the right one, in [.5, 1]
    accuracy: float  # share in which it was
    pairs: int


@dataclass(frozen=True)
class RewardModel:
    """One distinct reward model, however many runs were trained on it."""

    pairs: int
    held_out_pairs: int
    accuracy: float
    base_pass_rate: float | None
    bins: tuple[Bin, ...]
    cells: tuple[str, ...]  # labels

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, of the accuracy on held-out pairs."""
        return wilson(self.accuracy * self.held_out_pairs, self.held_out_pairs)

    @property
    def calibration_error(self) -> float | None:
        """Expected: mean of |accuracy - confidence| over the bins, weighted by their pairs."""
        total = sum(b.pairs for b in self.bins)
        return sum(b.pairs * abs(b.accuracy - b.confidence) for b in self.bins) / total if total else None


def reward_models(cells: Sequence[Cell]) -> tuple[RewardModel, ...]:
    """Those that were tested on held-out pairs, in the order of the cells."""
    found: dict[str, tuple[Mapping[str, Any], list[str]]] = {}
    for cell in cells:
        for run in cell.runs:
            facts = run.summary.reward_model if run.summary else {}
            if facts.get("held_out_pairs") and facts.get("held_out_accuracy") is not None:
                found.setdefault(json.dumps(facts, sort_keys=True), (facts, []))[1].append(cell.label)
    return tuple(
        RewardModel(
            int(facts.get("pairs") or 0),
            int(facts["held_out_pairs"]),
            float(facts["held_out_accuracy"]),
            facts.get("base_pass_rate"),
            tuple(Bin(b["confidence"], b["accuracy"], b["pairs"]) for b in facts.get("calibration") or ()),
            tuple(dict.fromkeys(labels)),
        )
        for facts, labels in found.values()
    )
