"""Two algorithms under four rewards, with numbers that over-optimize as such studies do."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.reports.synthetic import Spec

BASE = 0.5  # pass rate of the base model, so that one of its standard deviations is .5
MANY, FEW = 8000, 100


def facts(pairs: int) -> dict[str, Any]:
    """Two bins, so that the calibration error is short arithmetic: many .8 and .1 off, few .3 and .2 off."""
    off = (0.8 - 0.7, 0.0) if pairs == MANY else (0.3, 0.2)
    bins = [(0.6, 0.6 - off[0], 150), (0.9, 0.9 - off[1], 50)]
    return {
        "pairs": pairs, "held_out_pairs": 200, "held_out_accuracy": 0.85 if pairs == MANY else 0.6,
        "base_pass_rate": BASE, "mean": 0.1, "std": 1.5,
        "calibration": [{"confidence": c, "accuracy": a, "pairs": n} for c, a, n in bins],
    }  # fmt: skip


def _curve(kind: str, algorithm: str, seed: int, done: float) -> tuple[float, float | None, float]:
    """True reward, proxy and KL a token."""
    pace = (1.0 if algorithm == "grpo" else 0.8) * (1 + 0.05 * math.sin(7 * seed))
    x = 1 - math.exp(-3 * done * pace)
    noise = random.Random(f"{kind} {algorithm} {seed} {done}").gauss(0, 0.02)
    reached = {"verifier": 0.08, "many": 0.2, "few": 0.5, "random": 0.01}[kind] * (1.3 if algorithm == "grpo" else 1)
    kl, wave = reached * x * x, 0.04 * x * math.sin(3.1 * seed) + noise * (done > 0)
    match kind:
        case "verifier":
            return BASE + 0.42 * x + wave, None, kl
        case "many":
            true = BASE + 0.75 * x - 0.45 * x * x + wave
            return true, (true - BASE) / 0.5 + 0.6 * x * x, kl
        case "few":
            true = BASE + 0.5 * x - 0.8 * x * x + wave
            return true, 2.2 * x + wave, kl
        case _:
            return BASE - 0.03 * done + wave, None, kl


def spec(kind: str, algorithm: str) -> Spec:
    def more(seed: int, step: int, done: float) -> Mapping[str, float | None]:
        true, proxy, kl = _curve(kind, algorithm, seed, done)
        row: dict[str, float | None] = {"eval/pass@1": true, "eval/greedy": true} if step % 5 == 0 else {}
        if step == 0:
            return row | {"eval/pass@1": BASE}
        row |= {"rollout/true_reward_mean": true, "train/kl_to_reference": kl, "rollout/proxy_reward_mean": proxy}
        if proxy is None:
            return row
        x = done if kind == "few" else 0.4 * done
        row["rollout/proxy_true_gap"] = proxy - (true - BASE) / 0.5
        return row | {"rollout/proxy_pair_accuracy": 0.9 - 0.4 * x}

    label = {"verifier": "verifier", "many": "reward model, many labels", "few": "reward model, few labels",
             "random": "random reward"}[kind]  # fmt: skip
    pairs = {"many": MANY, "few": FEW}.get(kind)
    roles = {"actor", "reference"} | ({"critic"} if algorithm == "ppo" else set()) | ({"reward"} if pairs else set())
    return Spec(
        f"{algorithm}-{kind}",
        f"{algorithm.upper()}, {label}",
        algorithm,
        "learned" if pairs else kind,
        tuple(sorted(roles)),
        reward={"label_pairs": pairs} if pairs else {},
        facts=facts(pairs) if pairs else {},
        more=more,
    )


KINDS = ("verifier", "many", "few", "random")
HACKING = tuple(spec(kind, algorithm) for kind in KINDS for algorithm in ("ppo", "grpo"))


def ends_at(cell: Spec, final: Callable[[int], float]) -> Spec:
    """The cell with these final scores, from a base model at .4."""
    return replace(cell, final=final, more=None)
