"""Verdicts on completions: every named component, the weighted reward, and the true reward beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.tasks.types import Task, TaskError
from rewards.compose import weighted_sum
from rewards.types import Verdict


@dataclass(frozen=True)
class Judged:
    """Verdicts on N completions."""

    verdicts: Mapping[str, Sequence[Verdict]]  # by component
    rewards: Sequence[float | None]  # weighted sum; None where the machinery failed

    @property
    def true(self) -> Sequence[Verdict]:
        """The verifier's own verdict on correctness, whatever the policy is trained on."""
        return self.verdicts["correct"]

    @property
    def valid(self) -> list[int]:
        """Completions with a reward and a true verdict."""
        both = zip(self.rewards, self.true, strict=True)
        return [i for i, (reward, true) in enumerate(both) if reward is not None and true.reward is not None]

    def component_means(self) -> dict[str, float]:
        """Mean reward of each component over its valid verdicts."""
        means = {}
        for name, verdicts in self.verdicts.items():
            values = [v.reward for v in verdicts if v.reward is not None]
            if values:
                means[name] = sum(values) / len(values)
        return means

    def outcome_shares(self) -> dict[str, float]:
        """Share of each outcome of the true verdict; they sum to 1."""
        counts = Counter(v.outcome for v in self.true)
        return {outcome: n / len(self.true) for outcome, n in sorted(counts.items())}


class Judge:
    """The task's verifiers, opened once for a run."""

    def __init__(self, task: Task, weights: Mapping[str, float]) -> None:
        """Raises TaskError when the weights name a component that the task does not have."""
        self.verifiers = task.verifiers()
        self.weights = dict(weights)
        if unknown := sorted(set(weights) - set(self.verifiers)):
            raise TaskError(
                f"reward.components: the task has no {', '.join(unknown)} (it has: {', '.join(self.verifiers)})"
            )

    def __call__(self, completions: Sequence[str], targets: Sequence[Any]) -> Judged:
        verdicts = {name: v.verify(completions, targets) for name, v in self.verifiers.items()}
        return Judged(verdicts, weighted_sum({name: verdicts[name] for name in self.weights}, self.weights))

    def close(self) -> None:
        for verifier in self.verifiers.values():
            verifier.close()
