"""From one base model to the roles of a run: actor, critic, reference, reward model."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from rlvr_bench.algorithms.types import Role

TRAINED: frozenset[Role] = frozenset({"actor", "critic"})


class ScalarModel(nn.Module):
    """The base model's backbone with one scalar per position instead of a vocabulary: critic and reward model.

    The head starts at zero: a new critic predicts 0 everywhere, whatever the backbone says.
    """

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        width = backbone.config.get_text_config().hidden_size
        parameter = next(backbone.parameters())
        self.head = nn.Linear(width, 1, bias=True, device=parameter.device, dtype=parameter.dtype)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    @classmethod
    def from_causal_lm(cls, model: nn.Module) -> ScalarModel:
        """A copy of the backbone, without the language-model head."""
        return cls(copy.deepcopy(model.base_model))


def backbone_of(model: nn.Module) -> nn.Module:
    """The part that maps tokens to hidden states."""
    return model.backbone if isinstance(model, ScalarModel) else model.base_model


@dataclass
class Models:
    """The models that this run holds, by role, and the tokenizer that they share."""

    by_role: dict[Role, nn.Module]
    tokenizer: Any
    device: torch.device
    offload_frozen: bool

    @property
    def actor(self) -> nn.Module:
        return self.by_role["actor"]

    def get(self, role: Role) -> nn.Module | None:
        return self.by_role.get(role)

    @contextmanager
    def on_device(self, role: Role) -> Iterator[nn.Module]:
        """The model, moved to the device for as long as it is used if it is kept on the CPU."""
        model = self.by_role[role]
        moves = self.offload_frozen and role not in TRAINED
        if moves:
            model.to(self.device)
        try:
            yield model
        finally:
            if moves:
                model.to("cpu")


def build_models(
    base: nn.Module,
    tokenizer: Any,
    roles: frozenset[Role],
    *,
    device: torch.device,
    offload_frozen: bool,
    reward_model: nn.Module | None,
) -> Models:
    """Actor first, the base itself; the others are copies of it.

    Args:
        roles: what the algorithm declares; the reward model comes with `reward_model`.
    """
    by_role: dict[Role, nn.Module] = {"actor": base}
    if "critic" in roles:
        by_role["critic"] = ScalarModel.from_causal_lm(base)
    if "reference" in roles:
        by_role["reference"] = copy.deepcopy(base)
    if reward_model is not None:
        by_role["reward"] = reward_model
    for role, model in by_role.items():
        model.requires_grad_(role in TRAINED)
        model.train(role in TRAINED)
        model.to("cpu" if offload_frozen and role not in TRAINED else device)
    return Models(by_role, tokenizer, device, offload_frozen)
