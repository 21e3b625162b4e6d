"""What one device of a planned run sends in a step, in bytes, from its settings alone.

Every completion is taken to have its full length; in a run shorter ones need fewer micro-batches.  How far that is off
is in the report of the suite `communication`.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.algorithms.types import Role
from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.deepspeed.parts import Sharding
from rlvr_bench.harness.models.base import DTYPES
from rlvr_bench.harness.planner.communication.closed_form import Passes, messages, sent
from rlvr_bench.harness.planner.plan import Case, states_of_run
from rlvr_bench.harness.training.update import old_logprobs_of


def passes_of(config: RunConfig, how: Sharding, *, row_tokens: int, actor_scored: bool) -> Passes:
    """How often the models of a step are used on the device with the most completions.

    Args:
        row_tokens: of one completion with its prompt, padding included.
        actor_scored: whether the actor reads its completions before the update.
    """
    prompts, together = config.rollout.prompts, max(1, config.train.micro_tokens // row_tokens)

    def micro_batches(prompts: int) -> int:
        return -(-(-(-prompts // how.devices) * config.rollout.group_size) // together)

    optimizer_steps = config.train.epochs * config.train.minibatches
    return Passes(
        optimizer_steps=optimizer_steps,
        update=optimizer_steps * micro_batches(prompts // config.train.minibatches),
        score=micro_batches(prompts),
        actor_scored=actor_scored,
    )


def sent_in_step(case: Case) -> float:
    """Bytes that one device sends in a step, every operation round a ring; 0.0 on one device."""
    config, how = case.config, case.how
    if how.devices == 1:
        return 0.0
    sizes: dict[Role, Sequence[int]] = {
        role: (states.parameters,) for role, states in states_of_run(config, case.shape).items()
    }
    scored = old_logprobs_of(build(plugins.ALGORITHMS, config.algorithm), config).scored
    passes = passes_of(config, how, row_tokens=case.row_tokens, actor_scored=scored)
    found = messages(sizes, passes, stage=how.stage, processes=how.devices)
    return DTYPES[config.model.dtype].itemsize * sent(found, how.devices)
