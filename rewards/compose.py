"""Several verdicts into one: all must pass, or a weighted sum."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rlvr_bench.rewards.types import PASS, Verdict, Verifier, wrong


class AllOf:
    """Verifier that passes where every component passes.

    Otherwise it gives the outcome and detail of the first component that did not, in the order in which the
    components were named; `infra` takes precedence, since a verdict that is missing could have been either.
    """

    def __init__(self, **components: Verifier) -> None:
        if not components:
            raise ValueError("AllOf needs at least one component")
        self.components = components

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        """One verdict a completion, from one batched call to each component."""
        columns = [verifier.verify(completions, targets) for verifier in self.components.values()]
        for name, column in zip(self.components, columns, strict=True):
            if len(column) != len(completions):
                raise ValueError(f"{name} gave {len(column)} verdicts for {len(completions)} completions")
        return [_all_of([column[i] for column in columns]) for i in range(len(completions))]

    @property
    def retries(self) -> int:
        """Jobs of all components handed out again because their worker died, since the start."""
        return sum(getattr(verifier, "retries", 0) for verifier in self.components.values())

    def __getattr__(self, name: str) -> Any:
        """`tier`, which only verifiers that run code have: the first component's that has one."""
        for verifier in self.__dict__.get("components", {}).values() if name == "tier" else ():
            if hasattr(verifier, name):
                return getattr(verifier, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def close(self) -> None:
        """Close every component."""
        for verifier in self.components.values():
            verifier.close()


def _all_of(verdicts: Sequence[Verdict]) -> Verdict:
    failing = [v for v in verdicts if v.outcome != "pass"]
    if not failing:
        return PASS
    for verdict in failing:
        if verdict.outcome == "infra":
            return verdict
    return wrong(failing[0].detail, failing[0].outcome)


def weighted_sum(verdicts: Mapping[str, Sequence[Verdict]], weights: Mapping[str, float]) -> list[float | None]:
    """The reward that a policy is trained on: sum over names of weight times reward.

    Args:
        verdicts: named columns of verdicts, all of one length.
        weights: finite weight of each name that counts; a name without a weight is only logged.
    Returns:
        one number a completion, None where a verdict that counts is missing (`infra`).
    Raises:
        ValueError: a weight without verdicts, a weight that is not finite, or columns of unlike length.
    """
    if unknown := sorted(set(weights) - set(verdicts)):
        raise ValueError(f"weights for {unknown}, verdicts for {sorted(verdicts)}")
    if bad := {name: weight for name, weight in weights.items() if not math.isfinite(weight)}:
        raise ValueError(f"weights must be finite, got {bad}")
    if len({len(column) for column in verdicts.values()}) > 1:
        raise ValueError(f"columns of unlike length: { {name: len(column) for name, column in verdicts.items()} }")
    counted = [(weight, verdicts[name]) for name, weight in weights.items() if weight != 0]
    size = len(next(iter(verdicts.values()), ()))
    return [_weighted([(weight, column[i].reward) for weight, column in counted]) for i in range(size)]


def _weighted(terms: Sequence[tuple[float, float | None]]) -> float | None:
    total = 0.0
    for weight, reward in terms:
        if reward is None:
            return None
        total += weight * reward
    return total
