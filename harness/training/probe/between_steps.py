"""What is measured at a fixed policy, in no step's cost: baselines and the critic, and at the end many samples."""

from __future__ import annotations

from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.models.roles import Models
from rlvr_bench.harness.records import RunLogs
from rlvr_bench.harness.rollout.types import RolloutEngine
from rlvr_bench.harness.tasks.types import Task
from rlvr_bench.harness.training.grader import Grader
from rlvr_bench.harness.training.ladder.measure import Ladder
from rlvr_bench.harness.training.probe.many import measure_many
from rlvr_bench.harness.training.probe.measure import CriticProbe


def measure_policy(
    step: int, config: RunConfig, task: Task, grader: Grader, models: Models, sampler: RolloutEngine, logs: RunLogs
) -> bool:
    """Write what `measure` asks for after this step; whether anything was measured."""
    ladder = step in config.measure.ladder_steps
    critic = step in config.measure.critic_steps and models.holds("critic")
    if ladder:
        logs.ladder(Ladder(config, task, grader, models, sampler).measure(step))
    if critic:
        logs.values(CriticProbe(config, task, grader, models, sampler).measure(step))
    many = step == config.train.steps and config.measure.many_items > 0
    if many:
        logs.many(measure_many(config, task, grader, models.tokenizer, sampler, step=step, seed=config.seed))
    if ladder or critic or many:
        models.take_reads()
    return ladder or critic or many
