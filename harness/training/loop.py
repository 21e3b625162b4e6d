"""The one loop: experience -> minibatches -> step, evaluation, checkpoint, record; the same for every algorithm.

Algorithms differ only in the roles that they declare, in what else they need, in `prepare` and in their losses.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch

from rlvr_bench.algorithms.types import needs_of
from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.make import make_engines
from rlvr_bench.harness.engines.processes import Processes
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.models.base import ModelError, length_problems, pick_device
from rlvr_bench.harness.models.roles import Models, build_models
from rlvr_bench.harness.records import EvaluationCounts, MetricsRow, RunLogs
from rlvr_bench.harness.rollout import rollout_engine
from rlvr_bench.harness.rollout.long_prompts import fitting
from rlvr_bench.harness.state import checkpoint
from rlvr_bench.harness.state.identity import BASE, identity_of
from rlvr_bench.harness.state.pace import Pace
from rlvr_bench.harness.state.stop import Interrupted, Stop
from rlvr_bench.harness.training.evaluate import CompletionRow, VerifierFailed, evaluate
from rlvr_bench.harness.training.experience import Collector, whole_weights
from rlvr_bench.harness.training.first_look import first_look
from rlvr_bench.harness.training.grader import Grader
from rlvr_bench.harness.training.probe.between_steps import measure_policy
from rlvr_bench.harness.training.reward_model import reward_model
from rlvr_bench.harness.training.step_costs import count_step
from rlvr_bench.harness.training.update import Diverged, Learner, old_logprobs_of
from rlvr_bench.harness.training.values.critic import pretrain_critic
from rlvr_bench.harness.training.warm_start import base_model, critic_model
from rlvr_bench.rewards.learned import Normalizer


class Trainer:
    """One run: `with Trainer(config, folder, meter) as trainer: trainer.run()`.

    Build it inside an entered recorder, so that the baseline of its memory is from before the models.
    """

    models: Models
    learner: Learner
    collector: Collector
    warm_start: dict[str, Any]
    reward_facts: dict[str, Any]
    critic_facts: dict[str, Any]

    def __init__(
        self,
        config: RunConfig,
        folder: Path,
        meter: Recorder,
        *,
        stop: Stop | None = None,
        keep_last: bool = False,
        processes: Processes | None = None,
    ) -> None:
        """
        Args:
            stop: asked after each step.
            keep_last: save the last step also where `auto` would not.
            processes: that train the run together; this one alone by default.  The first one writes.
        """
        self.config, self.folder, self.meter = config, folder, meter
        self.stop, self.keep_last = stop or Stop(), keep_last
        self.processes = processes or Processes()
        self.logs = RunLogs(folder, writes=self.processes.first)
        self.seconds_before = 0.0
        self._began = time.monotonic()
        self.device = pick_device(config.model)
        self.task = build(plugins.TASKS, config.task)
        self.algorithm = build(plugins.ALGORITHMS, config.algorithm)
        self._kept: list[CompletionRow] = []
        self._counts: EvaluationCounts | None = None
        self.grader = Grader(self.task, config.reward, seed=config.seed)
        try:
            self._build()
        except BaseException:
            self.grader.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.sampler.close()
        finally:
            self.grader.close()

    def _build(self) -> None:
        c = self.config
        base, tokenizer, self.warm_start = base_model(c, self.task)
        if problems := length_problems(base.config, c.rollout):
            raise ModelError("\n".join(problems))
        self.task, self.dropped = fitting(self.task, tokenizer, c)
        base.to(self.device)
        learned, normalizer, self.reward_facts = None, Normalizer(), {}
        if c.has_reward_model:
            learned, normalizer, self.reward_facts = reward_model(c, base, tokenizer, self.grader, self.task)
        roles = self.algorithm.roles
        critic = critic_model(c, self.task, base, roles)
        torch.manual_seed(c.seed)
        self.models = build_models(base, tokenizer, roles, c, device=self.device, reward_model=learned, critic=critic)
        pretrains = c.train.critic_pretrain_steps and self.models.holds("critic")
        self.critic_facts = pretrain_critic(c, self.models, normalizer, self.grader, self.task) if pretrains else {}
        self.identity = identity_of(c, self.task, {BASE: base, "reward model": learned})
        engines = make_engines(self.models.by_role, c.train.engine, self.processes)
        self.learner = Learner(self.algorithm, self.models, engines, c, self.processes)
        old = old_logprobs_of(self.algorithm, c)
        lm = engines["actor"].whole.lm
        self.sampler = rollout_engine(c, lm, tokenizer, name=c.rollout.engine, with_logprobs=old.kept)
        self.actor_scored = old.scored
        self.collector = Collector(
            c,
            self.task,
            self.algorithm,
            self.grader,
            self.models,
            self.sampler,
            engines["actor"],
            normalizer,
            self.reward_facts.get("base_pass_rate"),
            needs_logprobs=old.needed,
            processes=self.processes,
        )
        self.meter.release()  # what loading, or making what was not cached, has left behind

    def facts(self) -> dict[str, Any]:
        """What the summary says about the algorithm, the models and the verifier."""
        return {
            "algorithm": {
                "roles": sorted(self.algorithm.roles),
                "actor_scored": self.actor_scored,
                "needs": vars(needs_of(self.algorithm)),
            },
            "roles": self.learner.states(),
            "verifier": {"sandbox": self.grader.sandbox, "retries": self.grader.retries},
        }

    def resume(self) -> int:
        """Go back to the folder's latest checkpoint; returns its step, 0 where the run has not come to one.

        Raises:
            CheckpointError: there are only damaged ones, or the run depends on something else now; names it.
            RecordError: the records are not those of the checkpoint.
        """
        first = self.processes.first  # looks for all, since it may remove one
        found = self.processes.agreed(checkpoint.to_go_on_from(self.folder, self.config.train.steps) if first else None)
        if found is None:
            return 0
        checkpoint.refuse_others(found, self.identity)
        self.logs.cut(found.lengths)
        checkpoint.restore(found, self.learner.engines)
        self.sampler.sync(self.learner.engines["actor"].weights())
        self.learner.skipped.update({role: found.skipped.get(role, 0) for role in self.learner.engines})
        self.seconds_before = found.seconds
        return found.step

    def run(self, *, start: int = 0) -> None:
        """Train to the end, writing a line of metrics a step.

        Args:
            start: the step that the models are at already; 0 evaluates the base model first.
        Raises:
            Diverged, VerifierFailed: after the line of the step in which it happened is written.
            Interrupted: a signal came; the step is done, and a checkpoint taken unless they are off.
            DiskError: a record or a checkpoint could not be written.
        """
        steps = self.config.train.steps
        numbers = sum(engine.states().learning for engine in self.learner.engines.values())
        # Weights and two moments; more for low-precision weights.
        pace = Pace(self.config.train.checkpoint_every, size=12 * numbers, last=self.keep_last)
        self._not_stopped(start)
        if start == 0:
            self.logs.set_aside()
            if self.config.evaluate.every:
                self._write(0, self._evaluate(0))
            self._measure_policy(0)
        self.stop.at_once = False
        for step in range(start + 1, steps + 1):
            self._not_stopped(step - 1)
            try:
                row = self.step(step)
                if self._due(step, self.config.evaluate.every):
                    row |= self._evaluate_after(step, row)
            except (Diverged, VerifierFailed) as error:
                self._kept += error.completions
                self._write(step, error.row)
                raise
            self._write(step, row)
            self._measure_policy(step)
            stopped, due = self._stopped() if step < steps else 0, self.processes.agreed(pace.due(step, steps))
            if due or (stopped and pace.every):
                with pace.taken():
                    self._save(step)
            if stopped:
                raise Interrupted(stopped, step)

    def _stopped(self) -> int:
        """The signal that came to any of the processes, or 0."""
        return self.processes.most(self.stop.signal)

    def _not_stopped(self, step: int) -> None:
        if stopped := self._stopped():
            raise Interrupted(stopped, step)

    def _save(self, step: int) -> None:
        """After the step's line, so that no line is lost; its seconds are in the next one."""
        with self.meter.phase("checkpoint"):
            if not self.processes.first:
                checkpoint.help_save(self.learner.engines)
                return
            checkpoint.save(
                self.folder,
                self.learner.engines,
                step=step,
                identity=self.identity,
                lengths=self.logs.lengths(),
                skipped=self.learner.skipped,
                seconds=self.seconds_before + time.monotonic() - self._began,
                last=step == self.config.train.steps,
            )

    def step(self, step: int) -> MetricsRow:
        """One rollout and the optimizer steps on it; returns its rollout/* and train/* metrics."""
        found = self.collector.collect(step, self.meter)
        row = found.row
        try:
            row |= self.learner.update(found.rollout, step, self.meter)
        except Diverged as error:
            raise Diverged(f"{error}{found.without_reward}", row | error.row) from None
        count_step(found, self.models, self.config, step, self.meter, self.processes, actor_scored=self.actor_scored)
        # The sampler follows the weights that were trained, wherever they are.
        self.sampler.sync(self.learner.engines["actor"].weights())
        if step in (1, self.config.train.steps):
            self._keep(found.completions)
        return row

    def _evaluate(self, step: int) -> MetricsRow:
        with self.meter.phase("evaluate"), whole_weights(self.learner.engines["actor"], None):
            given = (self.sampler, self.models.tokenizer, self.task, self.grader, self.config)
            found = evaluate(*given, step=step, processes=self.processes)
        if (
            step == 0
            and self.processes.first
            and (note := first_look(found.rows, self.grader.verifiers["correct"].form))
        ):
            print(note, file=sys.stderr, flush=True)
        self._keep([row | {"held_out": True} for row in found.rows])
        self._counts = found.counts
        return dict(found.metrics)

    def _evaluate_after(self, step: int, row: MetricsRow) -> MetricsRow:
        try:
            return self._evaluate(step)
        except VerifierFailed as error:
            raise VerifierFailed(str(error), row) from None

    def _measure_policy(self, step: int) -> None:
        if measure_policy(step, self.config, self.task, self.grader, self.models, self.sampler, self.logs):
            self.meter.release()  # what it reserved is in no step's peak either

    def _due(self, step: int, every: int) -> bool:
        return bool(every) and (step % every == 0 or step == self.config.train.steps)

    def _keep(self, rows: list[CompletionRow]) -> None:
        """A sample spread evenly over the rows, the same rows for every algorithm."""
        if wanted := min(self.config.measure.sample_completions, len(rows)):
            self._kept += rows[:: len(rows) // wanted][:wanted]

    def _write(self, step: int, row: MetricsRow) -> None:
        """Records come after the step's clock has stopped."""
        row |= self.meter.finish_step()
        wait, seconds = row.get("cost/verdict_wait"), row.get("cost/seconds")
        if wait is not None and seconds:
            row["cost/verdict_wait_share"] = wait / seconds
        self.logs.step(step, row, counts=self._counts, completions=self._kept)
        self._kept, self._counts = [], None
