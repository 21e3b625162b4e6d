"""Model FLOPs of each phase of a step, from the sizes of the rollout; formulas in meters/flops.py."""

from __future__ import annotations

from dataclasses import dataclass

from algorithms.types import Role, Rollout
from harness.meters.flops import ModelShape, causal_context, forward_flops, model_shape, training_flops
from harness.models.roles import Models
from harness.records import Phase


@dataclass(frozen=True)
class Tokens:
    """Sizes of a rollout, padding left out."""

    rows: int
    groups: int
    prompt: int  # of all rows
    completion: int

    @classmethod
    def of(cls, rollout: Rollout) -> Tokens:
        return cls(
            rows=len(rollout.rewards),
            groups=int(rollout.group_ids.unique().numel()),
            prompt=int(rollout.prompt_mask.sum()),
            completion=int(rollout.response_mask.sum()),
        )

    @property
    def total(self) -> int:
        return self.prompt + self.completion

    @property
    def context(self) -> float:
        """Mean positions attended to, as if all rows were of the mean length."""
        return causal_context(self.total // max(self.rows, 1))


def step_flops(models: Models, tokens: Tokens, *, epochs: int, actor_trained: bool) -> dict[Phase, float]:
    """By phase.  Prompts are read once a group in sampling, and by every model once a row after that."""
    shapes: dict[Role, ModelShape] = {role: model_shape(model) for role, model in models.by_role.items()}
    c = tokens.context

    def forward(role: Role) -> float:
        return (
            forward_flops(shapes[role], tokens.total, context=c, head_tokens=tokens.completion) if role in shapes else 0
        )

    def train(role: Role) -> float:
        return epochs * training_flops(shapes[role], tokens.total, context=c, head_tokens=tokens.completion)

    sampled = tokens.completion + tokens.prompt * tokens.groups // max(tokens.rows, 1)
    return {
        "rollout": forward_flops(shapes["actor"], sampled, context=c, head_tokens=tokens.completion),
        "reward": forward("reward"),
        "score": forward("actor") + forward("reference") + forward("critic"),
        "update_actor": train("actor") if actor_trained else 0.0,
        "update_critic": train("critic") if "critic" in shapes else 0.0,
    }
