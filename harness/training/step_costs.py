"""FLOPs and tokens of a step, of all processes, for the record."""

from __future__ import annotations

from rlvr_bench.algorithms.types import Role
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.processes import Processes
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.models.roles import Models
from rlvr_bench.harness.models.scoring import Positions
from rlvr_bench.harness.records import Phase
from rlvr_bench.harness.training.experience import Experience
from rlvr_bench.harness.training.step_flops import Tokens, passes, step_flops, summed


def count_step(
    found: Experience,
    models: Models,
    config: RunConfig,
    step: int,
    meter: Recorder,
    processes: Processes,
    *,
    actor_scored: bool,
) -> None:
    """After the updates of a step.

    Args:
        actor_scored: whether the actor reads the completions once more, for their old log-probabilities.
    """
    reads = models.take_reads()
    updates: dict[Phase, dict[Role, Positions]] = {"update_actor": reads, "update_critic": reads}
    flops = step_flops(
        models,
        found.sampled,
        Tokens.of(found.rollout),
        passes(models, config, step, actor_scored=actor_scored),
        summed(processes.all({**found.reads, **updates})),
    )
    for phase, count in flops.items():
        meter.count(phase, flops=count.needed, flops_done=count.done)
    meter.count("rollout", tokens=found.sampled.completion, samples=found.sampled.rows)
