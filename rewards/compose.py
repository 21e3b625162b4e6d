"""Several verdicts on a completion become one: all must pass, or a weighted sum of rewards."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rlvr_bench.rewards.types import PASS, Verdict, Verifier, wrong


class AllOf(Verifier):
    """Verifier that passes where every component passes.

    Otherwise it gives the outcome and detail of the first component that did not pass, in the order in which the
    components were named.  `infra` takes precedence, since the missing verdict could have been either.
    """

    def __init__(self, **components: Verifier) -> None:
        if not components:
            raise ValueError("AllOf needs at least one component")
        self.components = components
        self.form = next(iter(components.values())).form  # it is the first that decides

    def verify(self, completions: Sequence[str], targets: Sequence[Any]) -> list[Verdict]:
        """One verdict per completion, from one batched call to each component."""
        columns = [verifier.verify(completions, targets) for verifier in self.components.values()]
        for name, column in zip(self.components, columns, strict=True):
            if len(column) != len(completions):
                raise ValueError(f"{name} gave {len(column)} verdicts for {len(completions)} completions")
        return [_all_of([column[i] for column in columns]) for i in range(len(completions))]

    @property
    def retries(self) -> int:
        """The sum over the components."""
        return sum(verifier.retries for verifier in self.components.values())

    @property
    def tier(self) -> str | None:
        """That of the first component that runs code."""
        return next((v.tier for v in self.components.values() if v.tier is not None), None)

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
    """The reward that a policy is trained on: the sum over names of weight times reward.

    Args:
        verdicts: named columns of verdicts, all of one length.
        weights: finite weight of each name that counts; a name without a weight is only logged.
    Returns:
        one number per completion, None where a verdict that counts is missing (`infra`).
    Raises:
        ValueError: a weight without verdicts, a weight that is not finite, or columns of different lengths.
    """
    if unknown := sorted(set(weights) - set(verdicts)):
        raise ValueError(f"weights for {unknown}, verdicts for {sorted(verdicts)}")
    if bad := {name: weight for name, weight in weights.items() if not math.isfinite(weight)}:
        raise ValueError(f"weights must be finite, got {bad}")
    if len({len(column) for column in verdicts.values()}) > 1:
        lengths = {name: len(column) for name, column in verdicts.items()}
        raise ValueError(f"columns of different lengths: {lengths}")
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
