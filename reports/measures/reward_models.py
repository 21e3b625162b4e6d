"""The reward models of a study are described here: their labels, accuracy and calibration on held-out pairs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.accuracy import start
from rlvr_bench.reports.stats import wilson


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


def base_pass_rate(cells: Sequence[Cell]) -> float | None:
    """As the labels of the first reward model found it; without one, mean pass@1 before training."""
    if models := reward_models(cells):
        return models[0].base_pass_rate
    starts = [v for c in cells for r in c.runs if (v := start(r)) is not None]
    return fmean(starts) if starts else None
