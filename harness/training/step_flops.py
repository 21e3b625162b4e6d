"""Model FLOPs of each phase of a step, from the sizes of the rollout; formulas in meters/flops.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rlvr_bench.algorithms.types import Role, Rollout
from rlvr_bench.harness.meters.flops import forward_flops, model_shape, training_flops
from rlvr_bench.harness.models.roles import Models
from rlvr_bench.harness.models.scoring import positions_read
from rlvr_bench.harness.records import Phase


@dataclass(frozen=True)
class Tokens:
    """Sizes of a rollout, padding left out; prompts count once a group, as they are read."""

    rows: int
    prompt: int
    completion: int
    context: float  # mean positions that a completion token attends to, as if all rows were of the mean length

    @property
    def read(self) -> int:
        """Positions that one forward pass reads."""
        return self.prompt + self.completion

    @classmethod
    def of(cls, rollout: Rollout) -> Tokens:
        rows = len(rollout.rewards)
        prompts = int(rollout.prompt_mask.sum())  # of all rows
        completion = int(rollout.response_mask.sum())
        return cls(
            rows=rows,
            prompt=positions_read(rollout, prompts_once=True) - completion,
            completion=completion,
            context=(prompts + completion / 2) / max(rows, 1),
        )


@dataclass(frozen=True)
class PhaseFlops:
    """Of one phase: what it needs, and what was done where equal completions were read once."""

    needed: float
    done: float


def step_flops(
    models: Models,
    sampled: Tokens,
    trained: Tokens,
    passes: Mapping[Phase, Mapping[Role, float]],
    reads: Mapping[Phase, Mapping[Role, int]],
) -> dict[Phase, PhaseFlops]:
    """FLOPs by phase.

    Args:
        sampled: all completions; they are read in rollout and score.
        trained: those that have a verdict; they are read in reward and the updates.
        passes: how often each role reads them in each phase, by the algorithm and the settings.
        reads: positions that went through each role's model in each phase; where they are fewer than the passes read,
            the FLOPs that were done are as many times fewer.
    """
    found = {}
    for phase, roles in passes.items():
        size = sampled if phase in ("rollout", "score") else trained
        flops = training_flops if phase.startswith("update") else forward_flops
        needed = done = 0.0
        for role, times in roles.items():
            shape = model_shape(models.by_role[role])
            all_of_it = times * flops(shape, size.read, context=size.context, head_tokens=size.completion)
            expected = times * size.read
            needed += all_of_it
            done += all_of_it * reads[phase].get(role, 0) / expected if expected else 0.0
        found[phase] = PhaseFlops(needed, done)
    return found
