"""Verdicts on completions: every named component, the weighted reward, and the true reward beside it."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from rlvr_bench.harness.config.schema import RewardConfig, RunConfig
from rlvr_bench.harness.rollout.text import decode_completions, encode_prompts
from rlvr_bench.harness.rollout.types import RolloutEngine, Samples, SamplingParams
from rlvr_bench.harness.seeding import derive_seed
from rlvr_bench.harness.tasks.types import Item, Task, TaskError, TellsFaults
from rlvr_bench.rewards.compose import weighted_sum
from rlvr_bench.rewards.noisy import VerdictNoise
from rlvr_bench.rewards.types import Verdict, Verifier


@dataclass(frozen=True)
class Grades:
    """Verdicts on N completions."""

    verdicts: Mapping[str, Sequence[Verdict]]  # by component
    rewards: Sequence[float | None]  # weighted sum; None where the verifier failed

    @property
    def true(self) -> Sequence[Verdict]:
        """The verifier's own verdict on correctness, whatever the policy is trained on."""
        return self.verdicts["correct"]

    @property
    def valid(self) -> list[int]:
        """Completions with a reward and a true verdict."""
        both = zip(self.rewards, self.true, strict=True)
        return [i for i, (reward, true) in enumerate(both) if reward is not None and true.reward is not None]

    @property
    def right(self) -> list[bool]:
        """Of the valid completions, whether the true verdict finds them right."""
        return [(self.true[i].reward or 0.0) > 0 for i in self.valid]

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


def joined_grades(parts: Sequence[Grades]) -> Grades:
    """Verdicts on the completions of all parts, one after the other."""
    verdicts = {name: [one for part in parts for one in part.verdicts[name]] for name in parts[0].verdicts}
    return Grades(verdicts, [reward for part in parts for reward in part.rewards])


class VerifierError(RuntimeError):
    """A verifier that hangs, raises or gives too few verdicts; names it."""


class Grader:
    """The task's verifiers, opened once for a run: `with Grader(task, config.reward) as grader`."""

    def __init__(self, task: Task, config: RewardConfig, *, seed: int = 0) -> None:
        """
        Args:
            seed: which completions get a false verdict, where the configuration asks for that.
        Raises:
            TaskError: the weights name a component that the task does not have.
            SandboxUnavailable: the task runs code and no tier of the sandbox works here.
        """
        self.task = task
        self.verifiers: dict[str, Verifier] = task.verifiers()
        self.weights, self.deadline_s = dict(config.components), config.deadline_s
        if unknown := sorted(set(self.weights) - set(self.verifiers)):
            self.close()
            raise TaskError(
                f"reward.components: the task has no {', '.join(unknown)} (it has: {', '.join(self.verifiers)})"
            )
        self.noisy = VerdictNoise(
            false_positive_rate=config.false_positive_rate,
            false_negative_rate=config.false_negative_rate,
            seed=derive_seed("noisy verifier", seed),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __call__(self, completions: Sequence[str], targets: Sequence[Any]) -> Grades:
        until = time.monotonic() + self.deadline_s
        verdicts = {name: self._ask(name, completions, targets, until) for name in self.verifiers}
        rewarded = verdicts | {"correct": self.noisy.misjudge(verdicts["correct"], completions, targets)}
        return Grades(verdicts, weighted_sum({name: rewarded[name] for name in self.weights}, self.weights))

    def _ask(self, name: str, completions: Sequence[str], targets: Sequence[Any], until: float) -> list[Verdict]:
        """One verifier's verdicts, from a thread that is left behind if it hangs."""
        verifier, found = self.verifiers[name], queue.SimpleQueue[list[Verdict] | Exception]()

        def ask() -> None:
            try:
                found.put(verifier.verify(completions, targets))
            except Exception as error:
                found.put(error)

        who = f"the verifier {name!r} ({type(verifier).__name__})"
        threading.Thread(target=ask, daemon=True, name=who).start()
        try:
            answer = found.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            raise VerifierError(
                f"{who} gave no verdicts on {len(completions)} completions within {self.deadline_s:g} s "
                "(reward.deadline_s); it hangs, or the limit is too low for so many"
            ) from None
        if isinstance(answer, Exception):
            raise VerifierError(f"{who} raised {type(answer).__name__}: {answer}; a verifier must not") from answer
        if len(answer) != len(completions):
            raise VerifierError(f"{who} gave {len(answer)} verdicts on {len(completions)} completions")
        return answer

    def fault(self, item: Item, completion: str, verdict: Verdict) -> str | None:
        """Of which kind a wrong completion is; None where it is not wrong, or the task tells no kinds apart."""
        if verdict.reward is None or verdict.reward > 0 or not isinstance(self.task, TellsFaults):
            return None
        return self.task.fault(item, completion)

    @property
    def retries(self) -> int:
        """Verdicts asked for again, since the start, because the worker process that had them died."""
        return sum(verifier.retries for verifier in self.verifiers.values())

    @property
    def sandbox(self) -> str | None:
        """The tier of isolation that untrusted code runs in; None where none is run."""
        return next((v.tier for v in self.verifiers.values() if v.tier), None)

    def close(self) -> None:
        """End the verifiers' workers.  Idempotent."""
        for verifier in self.verifiers.values():
            verifier.close()


def sample_and_grade(
    sampler: RolloutEngine,
    tokenizer: Any,
    grader: Grader,
    items: Sequence[Item],
    config: RunConfig,
    *,
    count: int,
    seed: int,
) -> tuple[Samples, Grades]:
    """So many completions of each item, sampled as in training, with their verdicts."""
    r = config.rollout
    prompts = encode_prompts(tokenizer, [item.prompt for item in items], config)
    samples = sampler.generate(prompts, SamplingParams(count, r.max_tokens, r.min_tokens, r.temperature), seed)
    targets = [item.target for item in items for _ in range(count)]
    return samples, grader(decode_completions(tokenizer, samples), targets)
