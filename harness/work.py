"""Model FLOPs of each phase of a step, from the sizes of the rollout; formulas in meters/flops.py."""

from __future__ import annotations

from dataclasses import dataclass

from algorithms.types import Role, Rollout
from harness.meters.flops import ModelShape, forward_flops, model_shape, training_flops
from harness.models.roles import Models
from harness.records import Phase


@dataclass(frozen=True)
class Tokens:
    """Sizes of a rollout, padding left out; prompts count once a group, as they are read."""

    rows: int
    prompt: int
    completion: int
    context: float  # mean positions that a completion token attends to, as if all rows were of the mean length

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
    models: Models, tokens: Tokens, *, epochs: int, actor_trained: bool, actor_scored: bool
) -> dict[Phase, float]:
    """FLOPs by phase."""
    shapes: dict[Role, ModelShape] = {role: model_shape(model) for role, model in models.by_role.items()}
    read = tokens.prompt + tokens.completion

    def forward(role: Role) -> float:
        if role not in shapes:
            return 0.0
        return forward_flops(shapes[role], read, context=tokens.context, head_tokens=tokens.completion)

    def train(role: Role) -> float:
        return epochs * training_flops(shapes[role], read, context=tokens.context, head_tokens=tokens.completion)

    return {
        "rollout": forward("actor"),
        "reward": forward("reward"),
        "score": actor_scored * forward("actor") + forward("reference") + forward("critic"),
        "update_actor": train("actor") if actor_trained else 0.0,
        "update_critic": train("critic") if "critic" in shapes else 0.0,
    }
