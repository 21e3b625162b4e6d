"""The plan of a run that is about to begin, with the prompts that it will sample."""

from __future__ import annotations

from dataclasses import dataclass

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.deepspeed.parts import Sharding
from rlvr_bench.harness.models.base import without_weights
from rlvr_bench.harness.planner.communication.on_paper import sent_in_step
from rlvr_bench.harness.planner.plan import Case, Plan, plan_of
from rlvr_bench.harness.planner.states import ALONE
from rlvr_bench.harness.rollout.text import encode_prompts
from rlvr_bench.harness.tasks.prompts import train_items

STEPS = 8  # of which the one with the longest prompts is planned


def follows(config: RunConfig) -> bool:
    """Whether the planner knows all that such a run does."""
    other_size = config.has_reward_model and config.reward.model
    return config.compute.autocast == "off" and config.rollout.engine == "torch" and not other_size


def sharding_of(config: RunConfig) -> Sharding:
    """How the states of a run are spread over its processes."""
    engine = config.train.engine
    if engine.name == "torch":
        return ALONE
    return Sharding(config.launch.processes, engine.stage, engine.offload)


@dataclass(frozen=True)
class Prediction:
    """What the planner says of a run, with every completion at its full length.

    Attributes:
        sent: bytes that one process sends in a step.
    """

    plan: Plan
    sent: float


def predict(config: RunConfig, *, cuda: bool) -> Prediction:
    """
    Raises:
        UserError: the model, the task or a prompt is not what a run can use.
    """
    task = build(plugins.TASKS, config.task)
    shape, tokenizer = without_weights(config.model.name)
    steps = range(1, min(STEPS, config.train.steps) + 1)
    drawn = (train_items(task, seed=config.seed, step=step, count=config.rollout.prompts) for step in steps)
    lengths = [[len(p) for p in encode_prompts(tokenizer, [i.prompt for i in items], config)] for items in drawn]
    longest = max(lengths, key=lambda found: (max(found), sum(found)))
    case = Case(config, shape, max(longest), sharding_of(config), cuda=cuda)
    return Prediction(plan_of(config, shape, prompts=longest, cuda=cuda, how=case.how), sent_in_step(case))
