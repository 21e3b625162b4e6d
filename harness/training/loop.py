"""The one loop: rollout -> reward -> score -> prepare -> minibatches -> step, the same for every algorithm.

Algorithms differ only in the roles that they declare, in `prepare` and in `loss`.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rlvr_bench.algorithms.types import Algorithm, Role, Rollout
from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build, config_hash
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.meters.recorder import StepMeter
from rlvr_bench.harness.models.base import pick_device, trim_config_problems
from rlvr_bench.harness.models.roles import Models, build_models
from rlvr_bench.harness.records import append_completions, append_metrics
from rlvr_bench.harness.rollout.torch_engine import Sampling, TransformersEngine, as_rollout, decode_completions
from rlvr_bench.harness.seeding import generator
from rlvr_bench.harness.tasks.prompts import train_items
from rlvr_bench.harness.tasks.types import Item, Task
from rlvr_bench.harness.training import checkpoint
from rlvr_bench.harness.training.evaluate import InfrastructureError, completion_row, evaluate, refuse_masked
from rlvr_bench.harness.training.grader import Judge, Judged
from rlvr_bench.harness.training.reward_model import reward_model
from rlvr_bench.harness.training.scoring import logprobs_and_entropy, outcome_scores, score_rollout, token_values
from rlvr_bench.harness.training.step_flops import Tokens, step_flops
from rlvr_bench.harness.training.step_metrics import proxy_metrics, sampling_metrics, training_metrics
from rlvr_bench.harness.training.update import Diverged, Learner
from rlvr_bench.harness.training.warm_start import base_model
from rlvr_bench.rewards.learned import Normaliser

CPU = torch.device("cpu")  # coins fall alike on every device


@dataclass
class Trainer:
    """One run.  Build it inside an entered `StepMeter`, so that the meter's baseline is from before the models."""

    config: RunConfig
    folder: Path
    meter: StepMeter
    task: Task = field(init=False)
    algorithm: Algorithm = field(init=False)
    models: Models = field(init=False)
    learner: Learner = field(init=False)
    warm_start: dict[str, Any] = field(init=False)
    reward_facts: dict[str, Any] = field(init=False, default_factory=dict)
    _kept: list[dict[str, Any]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        c = self.config
        self.device = pick_device(c.model)
        self.task = build(plugins.TASKS, c.task)
        self.algorithm = build(plugins.ALGORITHMS, c.algorithm)
        self.judge = Judge(self.task, c.reward, seed=c.seed)
        try:
            self._build_models()
        except BaseException:
            self.judge.close()
            raise

    def _build_models(self) -> None:
        c = self.config
        base, tokenizer, self.warm_start = base_model(c, self.task)
        if problems := trim_config_problems(base, tokens=c.rollout.max_prompt_tokens + c.rollout.max_tokens):
            raise ValueError("; ".join(problems))
        base.to(self.device)
        learned, self.normaliser = None, Normaliser()
        if c.has_reward_model:
            learned, self.normaliser, self.reward_facts = reward_model(c, base, tokenizer, self.judge, self.task)
        torch.manual_seed(c.seed)
        self.models = build_models(
            base,
            tokenizer,
            self.algorithm.roles,
            device=self.device,
            offload_frozen=c.model.offload_frozen,
            reward_model=learned,
        )
        self.learner = Learner(self.algorithm, self.models, c)
        self.engine = TransformersEngine.of(c, self.models.actor, tokenizer)

    def run(self, *, start: int = 0) -> None:
        """Train to the end, writing a line of metrics a step.

        Args:
            start: the step that the models are at already; 0 evaluates the base model first.
        Raises:
            Diverged: after the line of the step in which it happened is written.
            InfrastructureError: too many verdicts are missing.
        """
        if start == 0 and self.config.evaluate.every:
            self._write(0, self._evaluate(0))
        for step in range(start + 1, self.config.train.steps + 1):
            try:
                row = self.step(step)
            except Diverged as error:
                self._write(step, error.args[1])
                raise
            except InfrastructureError as error:
                self._write(step, error.row)
                raise
            if self._due(step, self.config.evaluate.every):
                try:
                    row |= self._evaluate(step)
                except InfrastructureError:
                    self._write(step, row)
                    raise
            if self._due(step, self.config.train.checkpoint_every):
                with self.meter.phase("checkpoint"):
                    checkpoint.save(self.folder, self.learner, step=step, config_hash=config_hash(self.config))
            self._write(step, row)

    def step(self, step: int) -> dict[str, Any]:
        """One rollout and the optimiser steps on it; returns its rollout/* and train/* metrics."""
        c, meter = self.config, self.meter
        items = train_items(self.task, seed=c.seed, step=step, count=c.rollout.prompts)
        owners = [item for item in items for _ in range(c.rollout.group_size)]
        with meter.phase("rollout"):
            rollout, texts = self._sample(items, step)
        retries = self.judge.retries
        # Verdicts may come from other processes: the models score meanwhile.
        with ThreadPoolExecutor(1) as aside:
            pending = aside.submit(_timed, self.judge, texts, [item.target for item in owners])
            with meter.phase("score"):
                rollout = self.score(rollout)
            with meter.phase("reward"):
                arrived = time.perf_counter()
                judged, took = pending.result()
                waited = time.perf_counter() - arrived
                row = sampling_metrics(rollout, judged)
                sampled = Tokens.of(rollout)
                rollout, proxy = self._reward(rollout, judged, step)
        row |= {
            "cost/verdict_seconds": took,
            "cost/verdict_wait": waited,
            "rollout/verdict_retries": self.judge.retries - retries,
        }
        rows = [
            completion_row(step, *each, sandbox=self.judge.sandbox)
            for each in zip(owners, texts, judged.true, strict=True)
        ]
        self._stop_if_masked(row, rows)
        with meter.phase("score"), torch.no_grad():
            rollout = self.algorithm.prepare(rollout)
        row |= training_metrics(rollout)
        if proxy is not None:
            right = torch.tensor([judged.true[i].reward > 0 for i in judged.valid], device=self.device)
            row |= proxy_metrics(
                proxy, right, rollout.group_ids, base_pass_rate=self.reward_facts.get("base_pass_rate")
            )
        self._count(sampled, Tokens.of(rollout), step)
        try:
            row |= self.learner.update(rollout, step, meter)
        except Diverged as error:
            raise Diverged(error.args[0], row | error.args[1]) from None
        if step in (1, c.train.steps):
            self._keep(rows)
        return row

    def _sample(self, items: list[Item], step: int) -> tuple[Rollout, list[str]]:
        r = self.config.rollout
        sampling = Sampling(r.group_size, r.max_tokens, r.min_tokens, r.temperature)
        stream = generator(self.device, self.config.seed, "rollout", step)
        samples = self.engine.sample([item.prompt for item in items], sampling, stream)
        return as_rollout(samples, max_tokens=r.max_tokens), decode_completions(self.models.tokenizer, samples)

    def _reward(self, rollout: Rollout, judged: Judged, step: int) -> tuple[Rollout, Tensor | None]:
        """The completions that have a verdict, with the reward that the policy is trained on, and the proxy's."""
        valid = judged.valid
        chosen = torch.tensor(valid, dtype=torch.long, device=self.device)
        if self.config.reward.source == "random":
            coins = torch.rand(len(rollout.rewards), generator=generator(CPU, self.config.seed, "coins", step)) < 0.5
            return replace(rollout, rewards=coins.float().to(self.device)).select(chosen), None
        rollout = rollout.select(chosen)
        rewards = torch.tensor([judged.rewards[i] for i in valid], dtype=torch.float32, device=self.device)
        proxy = None
        if self.models.get("reward") is not None and valid:
            with self.models.on_device("reward") as model:
                raw = score_rollout(lambda part: outcome_scores(model, part), rollout, self.config.train.micro_tokens)
            proxy = self.normaliser(raw)
            rewards = proxy if self.config.reward.source == "learned" else rewards + proxy
        return replace(rollout, rewards=rewards), proxy

    def score(self, rollout: Rollout) -> Rollout:
        """Log-probabilities under the reference and, unless `on_policy`, the sampling policy; the critic's values."""
        temperature, limit = self.config.rollout.temperature, self.config.train.micro_tokens

        def logprobs_of(role: Role) -> Tensor:
            with self.models.on_device(role) as model:
                return score_rollout(
                    lambda part: logprobs_and_entropy(model, part, temperature=temperature)[0], rollout, limit
                )

        held = self.models.by_role
        return replace(
            rollout,
            old_logprobs=torch.full_like(rollout.old_logprobs, torch.nan)
            if self.learner.on_policy
            else logprobs_of("actor"),
            reference_logprobs=logprobs_of("reference") if "reference" in held else None,
            values=score_rollout(lambda part: token_values(held["critic"], part), rollout, limit)
            if "critic" in held
            else None,
        )

    def _stop_if_masked(self, row: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        try:
            refuse_masked(row["rollout/masked_fraction"], self.config.reward.max_masked, f"step {rows[0]['step']}")
        except InfrastructureError as error:
            append_completions(self.folder / "completions.jsonl.gz", rows)
            raise InfrastructureError(str(error), row) from None

    def _count(self, sampled: Tokens, left: Tokens, step: int) -> None:
        trained = step > self.config.train.critic_warmup_steps or self.models.get("critic") is None
        flops = step_flops(
            self.models,
            sampled,
            left,
            epochs=self.config.train.epochs,
            actor_trained=trained,
            actor_scored=not self.learner.on_policy,
        )
        for phase, count in flops.items():
            self.meter.count(phase, flops=count)
        self.meter.count("rollout", tokens=sampled.completion, samples=sampled.rows)

    def _evaluate(self, step: int) -> dict[str, float]:
        with self.meter.phase("evaluate"):
            metrics, rows = evaluate(
                self.engine, self.models.tokenizer, self.task, self.judge, self.config, step=step, device=self.device
            )
        self._keep([row | {"held_out": True} for row in rows])
        return metrics

    def _due(self, step: int, every: int) -> bool:
        return bool(every) and (step % every == 0 or step == self.config.train.steps)

    def _keep(self, rows: list[dict[str, Any]]) -> None:
        """A sample spread evenly over the rows, the same rows for every algorithm."""
        wanted = min(self.config.measure.sample_completions, len(rows))
        if wanted:
            self._kept += rows[:: len(rows) // wanted][:wanted]

    def _write(self, step: int, row: dict[str, Any]) -> None:
        """Records come after the step's clock has stopped."""
        row |= self.meter.finish_step()
        if "cost/verdict_wait" in row:
            row["cost/verdict_wait_share"] = row["cost/verdict_wait"] / row["cost/seconds"]
        append_metrics(self.folder / "metrics.jsonl", step, row)
        if self._kept:
            append_completions(self.folder / "completions.jsonl.gz", self._kept)
        self._kept = []


def _timed(judge: Judge, completions: list[str], targets: list[Any]) -> tuple[Judged, float]:
    """Verdicts, and the seconds that they took."""
    begin = time.perf_counter()
    return judge(completions, targets), time.perf_counter() - begin
