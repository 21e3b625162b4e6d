"""One step's experience, the same for every algorithm: sample, grade, score, reward, prepare."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from rlvr_bench.algorithms.types import Algorithm, BatchCounts, Role, Rollout, needs_of
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.processes import Processes
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
from rlvr_bench.harness.tasks.self_checks import check_metrics
from rlvr_bench.harness.tasks.types import Item, Task
from rlvr_bench.harness.training.evaluate import CompletionRow, VerifierFailed, completion_rows, refuse_masked
from rlvr_bench.harness.training.grader import Grader, Grades, joined_grades
from rlvr_bench.harness.training.proxy.distance import distance_metrics
from rlvr_bench.harness.training.step_flops import Tokens
from rlvr_bench.harness.training.step_metrics import (
    explained_variance,
    proxy_metrics,
    sampling_metrics,
    training_metrics,
)
from rlvr_bench.harness.training.values.exact import exact_values
from rlvr_bench.rewards.learned import Normalizer

CPU = torch.device("cpu")  # random rewards are drawn on the CPU, so they are the same on every device


@dataclass(frozen=True)
class Experience:
    """What one step learns from, and what is recorded of it."""

    rollout: Rollout
    """Prepared: of all processes, completions without a verdict left out; `prepare` may have shaped the rewards."""
    row: MetricsRow
    """rollout/* metrics and what the verdicts cost."""
    completions: list[CompletionRow]
    sampled: Tokens
    """Sizes of all sampled completions; those of the rollout may be fewer."""
    reads: dict[Phase, dict[Role, Positions]]
    """Positions that went through each model in rollout, score and reward, in this process."""

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
    engine: TrainEngine  # of the actor
    normalizer: Normalizer
    base_pass_rate: float | None
    needs_logprobs: bool
    """Whether anything reads the old log-probabilities before the update's own forward pass gives them."""
    processes: Processes = field(default_factory=Processes)

    def collect(self, step: int, meter: Recorder) -> Experience:
        """The prepared rollout of a step.

        Raises:
            VerifierFailed: more verdicts are missing than `reward.max_masked` allows; the error holds the step's
                metrics and completions.
        """
        c = self.config
        items = train_items(self.task, seed=c.seed, step=step, count=c.rollout.prompts)
        begin, end = self.processes.share(len(items))
        items = items[begin:end]
        owners = [item for item in items for _ in range(c.rollout.group_size)]
        with whole_weights(self.engine, meter), meter.phase("rollout"):
            samples = self._sample(items, begin, step)
            rollout = as_rollout(samples, max_tokens=c.rollout.max_tokens)
            texts = decode_completions(self.models.tokenizer, samples)
        retries = self.grader.retries
        # Verdicts may come from other processes: the models score meanwhile.
        with ThreadPoolExecutor(1) as aside:
            asked = time.perf_counter()
            pending = aside.submit(_timed, self.grader, texts, [item.target for item in owners])
            with meter.phase("score"):
                rollout = self.score(rollout, samples.logprobs if c.rollout.engine == "torch" else None, items)
            reads: dict[Phase, dict[Role, Positions]] = {
                "rollout": {"actor": Positions(Tokens.of(rollout).prompt, samples.tokens_read)},
                "score": self.models.take_reads(),
            }
            with meter.phase("reward"):
                arrived = time.perf_counter()
                grades, ended = pending.result()
                sampled, row = self._sampled(samples, rollout, grades)
                rollout, proxy = self._reward(rollout, grades, step)
        row |= {
            "cost/verdict_seconds": ended - asked,
            "cost/verdict_wait": max(0.0, ended - arrived),
            "rollout/verdict_retries": sum(self.processes.all(self.grader.retries - retries)),
        }
        completions, checks = self._written(owners, texts, grades, proxy, step)
        row |= checks
        masked = row["rollout/masked_fraction"]
        assert masked is not None
        try:
            refuse_masked(masked, c.reward.max_masked, f"step {step}")
        except VerifierFailed as error:
            raise VerifierFailed(str(error), row, completions) from None
        passed, proxies = torch.tensor(grades.right, dtype=torch.bool), None if proxy is None else proxy.cpu()
        with meter.phase("score"), torch.no_grad():
            rollout = self.processes.gather(rollout)
            if proxies is not None:
                proxy = torch.cat(self.processes.all(proxies))
                passed = torch.cat(self.processes.all(passed))
        if proxy is not None:
            row |= proxy_metrics(proxy, passed, rollout.group_ids.cpu(), base_pass_rate=self.base_pass_rate)
        prepared, trained_on = self._prepare(_finite(rollout, row), meter)
        reads["reward"] = self.models.take_reads()
        row |= distance_metrics(c, self.models, prepared, meter)
        return Experience(prepared, row | trained_on, completions, sampled, reads)

    def _written(
        self, owners: list[Item], texts: list[str], grades: Grades, proxy: Tensor | None, step: int
    ) -> tuple[list[CompletionRow], MetricsRow]:
        """What all processes have sampled as lines of the record, and the metrics of its self-checks."""
        own = _with_scores(completion_rows(step, owners, texts, self.grader, grades.true), grades, proxy)
        rows = [one for part in self.processes.all(own) for one in part]
        right = [None if one["reward"] is None else one["reward"] > 0 for one in rows]
        checks = check_metrics(self.task, [one["completion"] for one in rows], right, prefix="rollout")
        return rows, {**checks}

    def _sampled(self, samples: Samples, rollout: Rollout, grades: Grades) -> tuple[Tokens, MetricsRow]:
        """Sizes of what all processes have sampled, and its metrics.

        Raises:
            SamplerGap: another engine's log-probabilities are too far from the scorer's.
        """
        whole = self.processes.gather(rollout)
        row = sampling_metrics(whole, joined_grades(self.processes.all(grades)))
        if self.config.rollout.engine != "torch":
            assert samples.logprobs is not None and rollout.old_logprobs is not None
            limit = self.config.rollout.max_gap
            row |= sampler_gap(samples.logprobs, rollout.old_logprobs, rollout.response_mask, limit=limit)
        return Tokens.of(whole), row

    def _prepare(self, whole: Rollout, meter: Recorder) -> tuple[Rollout, MetricsRow]:
        """The rollout of all processes with advantages, and the metrics of both.

        `prepare` may shape the rewards, so what the graders gave is recorded before it.
        """
        with meter.phase("score"), torch.no_grad():
            # Completions without a verdict are gone, in every process.
            whole = replace(whole, counts=BatchCounts.of(whole.response_mask, whole.counts.max_tokens))
            row = training_metrics(whole)
            prepared = self.algorithm.prepare(whole)
        if whole.values is not None and prepared.returns is not None:
            row["train/explained_variance"] = explained_variance(whole.values, prepared.returns, whole.response_mask)
        return prepared, row

    def _sample(self, items: list[Item], first: int, step: int) -> Samples:
        r = self.config.rollout
        params = SamplingParams(r.group_size, r.max_tokens, r.min_tokens, r.temperature, first=first)
        prompts = encode_prompts(self.models.tokenizer, [item.prompt for item in items], self.config)
        return self.sampler.generate(prompts, params, derive_seed(self.config.seed, "rollout", step))

    def score(self, rollout: Rollout, sampled_at: Tensor | None, items: list[Item]) -> Rollout:
        """Log-probabilities under the reference and, where needed, the sampling policy; values.

        Args:
            sampled_at: the log-probabilities that the sampler kept; they are scored anew without them.
            items: of the prompts.
        """
        temperature, limit = self.config.rollout.temperature, self.config.train.micro_tokens
        most = self.processes.most

        def logprobs_of(role: Role, read: Rollout) -> Tensor:
            with self.models.on_device(role) as model:
                return score_rollout(lambda part: model(part, temperature=temperature)[0], read, limit, most)

        scores = {}
        if self.needs_logprobs:
            scores["old_logprobs"] = logprobs_of("actor", rollout) if sampled_at is None else sampled_at
        if self.models.holds("reference"):
            scores["reference_logprobs"] = logprobs_of("reference", rollout)
        if self.models.holds("critic"):
            scores["values"] = score_rollout(self.models.by_role["critic"], rollout, limit, most)
        elif needs_of(self.algorithm).exact_values:
            shares = exact_values(rollout, items, self.task, self.models.tokenizer, partial(logprobs_of, "actor"))
            scores["values"] = shares * sum(self.config.reward.components.values())
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
        return earned(rollout, grades, self.models, self.normalizer, c, self.processes)


@contextmanager
def whole_weights(engine: TrainEngine, meter: Recorder | None) -> Iterator[None]:
    """Weights that are dealt out to processes are gathered once for all that is sampled inside.

    Args:
        meter: records that as a phase of its own; None inside of another one.
    """
    if not engine.sharded:
        yield
        return
    with meter.phase("gather") if meter else nullcontext():
        engine.gather()
    try:
        yield
    finally:
        engine.release()


def earned(
    rollout: Rollout,
    grades: Grades,
    models: Models,
    normalizer: Normalizer,
    config: RunConfig,
    processes: Processes | None = None,
) -> tuple[Rollout, Tensor | None]:
    """The completions that have a verdict, with what the verifier, the reward model or both give them.

    Args:
        processes: that do the same with completions of theirs; a reward model may be dealt out to them.
    Returns:
        the rollout of these rows, and the reward model's normalized score, where there is one.
    """
    device = rollout.rewards.device
    one, rollout = (
        rollout.select(torch.zeros(1, dtype=torch.long, device=device)),
        rollout.select(torch.tensor(grades.valid, dtype=torch.long, device=device)),
    )
    rewards = torch.tensor([grades.rewards[i] for i in grades.valid], dtype=torch.float32, device=device)
    proxy = None
    processes = processes or Processes()
    if models.holds("reward") and (grades.valid or processes.size > 1):
        read = rollout if grades.valid else one  # for nothing, beside the others
        with models.on_device("reward") as model:
            raw = score_rollout(lambda part: model(part, at="end"), read, config.train.micro_tokens, processes.most)
        proxy = normalizer(raw)[: len(grades.valid)]
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


def _with_scores(rows: list[CompletionRow], grades: Grades, proxy: Tensor | None) -> list[CompletionRow]:
    """The rows with the reward model's score of each completion that has a verdict, where there is one."""
    for place, score in zip(grades.valid, [] if proxy is None else proxy.tolist(), strict=proxy is not None):
        rows[place]["proxy_reward"] = score
    return rows


def _timed(grader: Grader, completions: list[str], targets: list[Any]) -> tuple[Grades, float]:
    """Verdicts, and when the last came, on the clock `time.perf_counter`."""
    return grader(completions, targets), time.perf_counter()
