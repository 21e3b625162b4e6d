"""Model FLOPs of each phase of a step, from the sizes of the rollout; formulas in meters/flops.py."""

from __future__ import annotations

from dataclasses import dataclass

from rlvr_bench.algorithms.types import Role, Rollout
from rlvr_bench.harness.meters.flops import ModelShape, forward_flops, model_shape, training_flops
from rlvr_bench.harness.models.roles import Models
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
        groups = int(rollout.group_ids.unique().numel())
        return cls(
            rows=rows,
            prompt=prompts * groups // max(rows, 1),
            completion=completion,
            context=(prompts + completion / 2) / max(rows, 1),
        )


def step_flops(
    models: Models, sampled: Tokens, trained: Tokens, *, epochs: int, actor_trained: bool, actor_scored: bool
) -> dict[Phase, float]:
    """FLOPs by phase.

    Args:
        sampled: all completions; the actor, the reference and the critic read them while the verdicts are made.
        trained: those that have a verdict; the reward model and the updates read these.
    """
    shapes: dict[Role, ModelShape] = {role: model_shape(model) for role, model in models.by_role.items()}

    def forward(role: Role, tokens: Tokens = sampled) -> float:
        if role not in shapes:
            return 0.0
        return forward_flops(shapes[role], tokens.read, context=tokens.context, head_tokens=tokens.completion)

    def train(role: Role) -> float:
        size = trained
        return epochs * training_flops(shapes[role], size.read, context=size.context, head_tokens=size.completion)

    return {
        "rollout": forward("actor"),
        "reward": forward("reward", trained),
        "score": actor_scored * forward("actor") + forward("reference") + forward("critic"),
        "update_actor": train("actor") if actor_trained else 0.0,
        "update_critic": train("critic") if "critic" in shapes else 0.0,
    }
