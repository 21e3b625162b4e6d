"""Cells of a task that counts self-checks, with known numbers at the start and at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tests.reports.synthetic import CELLS, Spec

BASE = {"length_mean": 30.0, "length_correct_mean": 29.0, "length_wrong_mean": 31.0, "check_fraction": 0.3}


def checking(
    name: str = "grpo", *, aggregation: str = "token_mean", kl: str = "", wave: float = 0.0, **end: float
) -> Spec:
    """A cell of PPO or GRPO whose metrics go from BASE to `end` (those not named stay), a seed apart by `wave`.

    Args:
        name: the algorithm, and perhaps more behind a dash.
        kl: where it is placed; "" without one.
    """
    algorithm = name.partition("-")[0]
    spec = CELLS[1] if algorithm == "ppo" else CELLS[2]
    settings = {"aggregation": aggregation, "kl_coef": 0.03 if kl else 0.0} | ({"kl_placement": kl} if kl else {})

    def more(seed: int, step: int, done: float) -> Mapping[str, float | None]:
        now = {n: first + (end.get(n, first) + wave * seed * first - first) * done for n, first in BASE.items()}
        rows = {f"rollout/{n}": value for n, value in now.items() if step}
        share = 0.5 + 0.4 * done
        fixed = {"checks_mean": 0.4, "checks_corrected": share, "checks_harmed": 0.0, "checks_unchanged": 1 - share}
        evaluated = {f"eval/{n}": value for n, value in (now | fixed).items()}
        evaluated |= {"eval/right_checked": 0.7, "eval/right_unchecked": 0.4}
        return rows | evaluated

    return replace(spec, name=name, label=f"{algorithm.upper()} {name}", more=more, settings={"algorithm": settings})
