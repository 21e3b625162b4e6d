"""Rows of values.jsonl.gz: of a few numbers for what is worked by hand, and of a critic whose error is known."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

COUNT = 64


def prompt(values: Sequence[float], right: Sequence[int], *, count: int = 4, length: int = 8) -> dict[str, Any]:
    """States spread evenly over a completion; `right` of `count` continuations of each earned 1, the others 0."""
    means = [k / count for k in right]
    return {
        "item": "chain/test/0",
        "meta": {"steps": 2},
        "length": length,
        "reward": 1.0,
        "position": [place * length // len(values) for place in range(len(values))],
        "value": list(values),
        "mean": means,
        "standard_error": [(m * (1 - m) / (count - 1)) ** 0.5 for m in means],
        "count": [count] * len(values),
    }


def row(step: int, *prompts: dict[str, Any], states: int = 2, group_size: int = 4) -> dict[str, Any]:
    """One line."""
    return {"step": step, "group_size": group_size, "states": states, "prompts": list(prompts)}


def simulated(
    seed: int, *, off: float, prompts: int = 60, length: int = 40, steps: Sequence[int] = (0,), sure: bool = False
) -> list[dict[str, Any]]:
    """A critic whose values are normal around the true ones with deviation `off`; continuations are drawn.

    Args:
        sure: every pass rate is 1.
    """
    rng, rows = random.Random(f"probe {seed} {off} {length}"), []
    for step in steps:
        made = []
        for _ in range(prompts):
            rates = [1.0] * 5 if sure else [rng.uniform(0.3, 0.7), *(rng.uniform(0, 1) for _ in range(4))]
            right = [sum(rng.random() < rate for _ in range(COUNT)) for rate in rates]
            said = [rate + rng.gauss(0, off) for rate in rates]
            made.append(prompt(said, right, count=COUNT, length=length))
        rows.append(row(step, *made, states=5, group_size=8))
    return rows
