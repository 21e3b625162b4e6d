"""A study of reward models with known curves: exact KL, the best of n, and completions with scores."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rlvr_bench.harness import records
from rlvr_bench.reports.load import Cell, load
from rlvr_bench.reports.stats import best_of_n_distance
from tests.reports import synthetic
from tests.reports.synthetic import LEARNING, Spec

BASE, STEPS, LENGTH = 0.5, 40, 4.0
NS = [1, 2, 4, 8, 16, 32, 64]
LEVEL = 0.8  # mean score of the base model's right completions


def gain(alpha: float, beta: float, d: float) -> float:
    """The form of a trained policy."""
    return d * (alpha - beta * math.log(d)) if d else 0.0


def spec(name: str, algorithm: str, alpha: float, beta: float, *, best: float = 0.1, late: float = 0.0) -> Spec:
    """Distances rise evenly from 0 to 2, the true reward by the form, seed by seed a little further up.

    Args:
        best: slope of the best of n over the distance.
        late: what the true reward lacks beyond the distance 1.
    """

    def more(seed: int, step: int, done: float) -> Mapping[str, float | None]:
        if step == 0:
            return {"eval/pass@1": BASE}
        d = 2 * (step - 1) / (STEPS - 1)
        true = BASE + gain(alpha + 0.01 * seed, beta, d) - late * (d > 1)
        kl = d * d / LENGTH
        row = {"rollout/true_reward_mean": true, "train/exact_kl_to_reference": kl, "train/kl_to_reference": 3 * kl}
        return row | {"rollout/length_mean": LENGTH, "rollout/proxy_reward_mean": d}

    best_of = {"n": NS, "true": [BASE + best * best_of_n_distance(n) for n in NS], "proxy": [0.1 * n for n in NS]}
    facts = {"pairs": 100, "held_out_pairs": 200, "held_out_accuracy": 0.8, "base_pass_rate": BASE, "made": name,
             "right_score": LEVEL, "best_of": best_of}  # fmt: skip
    roles = ("actor", "reference", "reward") + (("critic",) if algorithm == "ppo" else ())
    return Spec(name, f"{algorithm.upper()}, {name}", algorithm, "learned", roles, more=more, facts=facts)


def study(folder: Path, *cells: Spec, seeds: int = 3, rows: list[dict[str, Any]] | None = None) -> tuple[Cell, ...]:
    """The cells of one part.

    Args:
        rows: completions of the last step of every run, besides those of all synthetic studies.
    """
    part = replace(LEARNING, seeds=tuple(range(seeds)))
    synthetic.write(folder, cells, [part], steps=STEPS)
    for cell in cells:
        for seed in part.seeds:
            path = folder / part.name / cell.name / f"seed-{seed}" / "completions.jsonl.gz"
            given = [{"step": STEPS, "prompt": "sort 3 1:", "target": "13", **row} for row in rows or ()]
            records.Log(path).append(given)
    return load(folder).cells(part)
