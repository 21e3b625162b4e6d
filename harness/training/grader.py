"""Verdicts on completions: every named component, the weighted reward, and the true reward beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rlvr_bench.harness.config.schema import RewardConfig
from rlvr_bench.harness.runs.preflight import close_all, open_verifiers
from rlvr_bench.harness.seeding import derive_seed
from rlvr_bench.harness.tasks.types import Task
from rlvr_bench.rewards.compose import weighted_sum
from rlvr_bench.rewards.noisy import NoisyVerifier
from rlvr_bench.rewards.types import Verdict


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

    def __init__(self, task: Task, config: RewardConfig, *, seed: int = 0) -> None:
        """
        Args:
            seed: which completions are misjudged, where the configuration asks for that.
        Raises:
            TaskError: the weights name a component that the task does not have.
            SandboxUnavailable: the task runs code and no tier of the sandbox works here.
        """
        self.verifiers = open_verifiers(task, config.components)
        self.weights = dict(config.components)
        self.noisy = NoisyVerifier(
            self.verifiers["correct"],
            false_positive_rate=config.false_positive_rate,
            false_negative_rate=config.false_negative_rate,
            seed=derive_seed("noisy verifier", seed),
        )

    def __call__(self, completions: Sequence[str], targets: Sequence[Any]) -> Judged:
        verdicts = {name: v.verify(completions, targets) for name, v in self.verifiers.items()}
        rewarded = verdicts | {"correct": self.noisy.misjudge(verdicts["correct"], completions, targets)}
        return Judged(verdicts, weighted_sum({name: rewarded[name] for name in self.weights}, self.weights))

    @property
    def retries(self) -> int:
        """Verdicts asked for again, since the start, because the worker process that had them died."""
        return sum(getattr(verifier, "retries", 0) for verifier in self.verifiers.values())

    @property
    def sandbox(self) -> str | None:
        """The tier of isolation that untrusted code runs in; None where none is run."""
        return next((v.tier for v in self.verifiers.values() if hasattr(v, "tier")), None)

    def close(self) -> None:
        """End the verifiers' workers.  Idempotent."""
        close_all(self.verifiers)
