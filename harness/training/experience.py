"""One step's experience, the same for every algorithm: sample, grade, score, reward, prepare."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from rlvr_bench.algorithms.types import Algorithm, BatchCounts, Role, Rollout
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.types import TrainEngine
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.models.roles import Models
from rlvr_bench.harness.models.scoring import Positions, score_rollout
from rlvr_bench.harness.records import MetricsRow, Phase
from rlvr_bench.harness.rollout.gap import sampler_gap
from rlvr_bench.harness.rollout.text import decode_completions, encode_prompts
from rlvr_bench.harness.rollout.types import RolloutEngine, Samples, SamplingParams, as_rollout
from rlvr_bench.harness.seeding import derive_seed, generator
from rlvr_bench.harness.tasks.prompts import train_items
from rlvr_bench.harness.tasks.types import Item, Task
from rlvr_bench.harness.training.evaluate import CompletionRow, VerifierFailed, completion_row, refuse_masked
from rlvr_bench.harness.training.grader import Grader, Grades
from rlvr_bench.harness.training.step_flops import Tokens
from rlvr_bench.harness.training.step_metrics import (
    explained_variance,
    proxy_metrics,
    sampling_metrics,
    training_metrics,
)
from rlvr_bench.rewards.learned import Normalizer

CPU = torch.device("cpu")  # random rewards are drawn on the CPU, so they are the same on every device


@dataclass(frozen=True)
class Experience:
    """What one step learns from, and what is recorded of it."""

    rollout: Rollout
    """Prepared: of all processes, completions without a verdict left out; `prepare` may have shaped the rewards."""
    mine: Tensor
    """Indices of the rows that this process sampled, and trains on."""
    row: MetricsRow
    """rollout/* metrics and what the verdicts cost."""
    completions: list[CompletionRow]
    sampled: Tokens
    """Sizes of all sampled completions; those of the rollout may be fewer."""
    reads: dict[Phase, dict[Role, Positions]]
    """Positions that went through each model in rollout, score and reward."""

    @property
    def without_reward(self) -> str:
        """Of how many completions the reward was not a finite number, for a message; "" if of none."""
        count = self.row.get("rollout/rewards_skipped")
        return f" ({count} rewards of this step are not finite)" if count else ""


@dataclass
class Collector:
    """Collects the experience of each step with the models, the sampler and the grader of a run."""

    config: RunConfig
    task: Task
    algorithm: Algorithm
    grader: Grader
    models: Models
    sampler: RolloutEngine
    engine: TrainEngine  # of the actor: which share of the prompts is this process's
    normalizer: Normalizer
    base_pass_rate: float | None
    needs_logprobs: bool
    """Whether anything reads the old log-probabilities before the update's own forward pass gives them."""

    def collect(self, step: int, meter: Recorder) -> Experience:
        """The prepared rollout of a step.

        Raises:
            VerifierFailed: more verdicts are missing than `reward.max_masked` allows; the error holds the step's
                metrics and completions.
        """
        c = self.config
        items = train_items(self.task, seed=c.seed, step=step, count=c.rollout.prompts)
        items, first = self._share(items)
        owners = [item for item in items for _ in range(c.rollout.group_size)]
        with meter.phase("rollout"):
            samples = self._sample(items, first, step)
            rollout = as_rollout(samples, max_tokens=c.rollout.max_tokens)
            texts = decode_completions(self.models.tokenizer, samples)
        retries = self.grader.retries
        # Verdicts may come from other processes: the models score meanwhile.
        with ThreadPoolExecutor(1) as aside:
            asked = time.perf_counter()
            pending = aside.submit(_timed, self.grader, texts, [item.target for item in owners])
            with meter.phase("score"):
                compared = self.config.rollout.engine != "torch"
                rollout = self.score(rollout, None if compared else samples.logprobs)
            sampled = Tokens.of(rollout)
            reads: dict[Phase, dict[Role, Positions]] = {
                "rollout": {"actor": Positions(sampled.prompt, samples.tokens_read)},
                "score": self.models.take_reads(),
            }
            with meter.phase("reward"):
                arrived = time.perf_counter()
                grades, ended = pending.result()
                row = sampling_metrics(rollout, grades)
                if compared:
                    row |= self._gap(samples, rollout)
                rollout, proxy = self._reward(rollout, grades, step)
        row |= {
            "cost/verdict_seconds": ended - asked,
            "cost/verdict_wait": max(0.0, ended - arrived),
            "rollout/verdict_retries": self.grader.retries - retries,
        }
        completions = [
            completion_row(step, *each, sandbox=self.grader.sandbox)
            for each in zip(owners, texts, grades.true, strict=True)
        ]
        masked = row["rollout/masked_fraction"]
        assert masked is not None
        try:
            refuse_masked(masked, c.reward.max_masked, f"step {step}")
        except VerifierFailed as error:
            raise VerifierFailed(str(error), row, completions) from None
        if proxy is not None:
            row |= proxy_metrics(
                proxy, _right(grades, proxy.device), rollout.group_ids, base_pass_rate=self.base_pass_rate
            )
        prepared, mine, trained_on = self._prepare(_finite(rollout, row), meter)
        reads["reward"] = self.models.take_reads()
        return Experience(prepared, mine, row | trained_on, completions, sampled, reads)

    def _gap(self, samples: Samples, rollout: Rollout) -> MetricsRow:
        """Between the engine's log-probabilities and the scorer's; raises SamplerGap where it is too large."""
        assert samples.logprobs is not None and rollout.old_logprobs is not None
        limit = self.config.rollout.max_gap
        return {**sampler_gap(samples.logprobs, rollout.old_logprobs, rollout.response_mask, limit=limit)}

    def _prepare(self, rollout: Rollout, meter: Recorder) -> tuple[Rollout, Tensor, MetricsRow]:
        """The rollout of all processes with advantages, which of its rows are this one's, and the metrics of both.

        `prepare` may shape the rewards, so what the graders gave is recorded before it.
        """
        with meter.phase("score"), torch.no_grad():
            whole = self.engine.gather(rollout)
            # Completions without a verdict are gone, in every process.
            whole = replace(whole, counts=BatchCounts.of(whole.response_mask, whole.counts.max_tokens))
            mine = torch.isin(whole.group_ids, rollout.group_ids).nonzero().squeeze(1)
            row = training_metrics(whole)
            prepared = self.algorithm.prepare(whole)
        if whole.values is not None and prepared.returns is not None:
            row["train/explained_variance"] = explained_variance(whole.values, prepared.returns, whole.response_mask)
        return prepared, mine, row

    def _share(self, items: list[Item]) -> tuple[list[Item], int]:
        """The prompts of this process, neighbors, and the place of the first among all."""
        bounds = [len(items) * r // self.engine.size for r in (self.engine.rank, self.engine.rank + 1)]
        return items[bounds[0] : bounds[1]], bounds[0]

    def _sample(self, items: list[Item], first: int, step: int) -> Samples:
        r = self.config.rollout
        params = SamplingParams(r.group_size, r.max_tokens, r.min_tokens, r.temperature, first=first)
        prompts = encode_prompts(self.models.tokenizer, [item.prompt for item in items], self.config)
        return self.sampler.generate(prompts, params, derive_seed(self.config.seed, "rollout", step))

    def score(self, rollout: Rollout, sampled_at: Tensor | None) -> Rollout:
        """Log-probabilities under the reference and, where needed, the sampling policy; the critic's values.

        Args:
            sampled_at: the log-probabilities that the sampler kept; they are scored anew without them.
        """
        temperature, limit = self.config.rollout.temperature, self.config.train.micro_tokens

        def logprobs_of(role: Role) -> Tensor:
            with self.models.on_device(role) as model:
                return score_rollout(lambda part: model(part, temperature=temperature)[0], rollout, limit)

        scores = {}
        if self.needs_logprobs:
            scores["old_logprobs"] = logprobs_of("actor") if sampled_at is None else sampled_at
        if self.models.holds("reference"):
            scores["reference_logprobs"] = logprobs_of("reference")
        if self.models.holds("critic"):
            scores["values"] = score_rollout(self.models.by_role["critic"], rollout, limit)
        return rollout.with_scores(**scores)

    def _reward(self, rollout: Rollout, grades: Grades, step: int) -> tuple[Rollout, Tensor | None]:
        """The completions that have a verdict, with the reward that the policy is trained on, and the proxy's."""
        c, device = self.config, rollout.rewards.device
        if c.reward.source == "random":
            draw = torch.rand(c.completions, generator=generator(CPU, c.seed, "coins", step)) < 0.5
            first = int(rollout.group_ids[0]) * c.rollout.group_size
            draw = draw[first : first + len(rollout.rewards)]
            chosen = torch.tensor(grades.valid, dtype=torch.long, device=device)
            return replace(rollout, rewards=draw.float().to(device)).select(chosen), None
        return earned(rollout, grades, self.models, self.normalizer, c)


def earned(
    rollout: Rollout, grades: Grades, models: Models, normalizer: Normalizer, config: RunConfig
) -> tuple[Rollout, Tensor | None]:
    """The completions that have a verdict, with what the verifier, the reward model or both give them.

    Returns:
        the rollout of these rows, and the reward model's normalized score, where there is one.
    """
    device = rollout.rewards.device
    rollout = rollout.select(torch.tensor(grades.valid, dtype=torch.long, device=device))
    rewards = torch.tensor([grades.rewards[i] for i in grades.valid], dtype=torch.float32, device=device)
    proxy = None
    if models.holds("reward") and grades.valid:
        with models.on_device("reward") as model:
            raw = score_rollout(lambda part: model(part, at="end"), rollout, config.train.micro_tokens)
        proxy = normalizer(raw)
        rewards = proxy if config.reward.source == "learned" else rewards + proxy
    return replace(rollout, rewards=rewards), proxy


def _finite(rollout: Rollout, row: MetricsRow) -> Rollout:
    """The completions whose reward is a finite number; the others are counted in the step's row.

    Where there is none, all stay: no loss is finite then, so the optimizer steps are skipped by the rule for these.
    """
    finite = rollout.rewards.isfinite()
    if bool(finite.all()):
        return rollout
    row["rollout/rewards_skipped"] = int((~finite).sum())
    return rollout.select(finite.nonzero().squeeze(1)) if bool(finite.any()) else rollout


def _right(grades: Grades, device: torch.device) -> Tensor:
    """Of the valid completions, those that the verifier finds right."""
    return torch.tensor([(grades.true[i].reward or 0.0) > 0 for i in grades.valid], device=device)


def _timed(grader: Grader, completions: list[str], targets: list[Any]) -> tuple[Grades, float]:
    """Verdicts, and when the last came, on the clock `time.perf_counter`."""
    return grader(completions, targets), time.perf_counter()
