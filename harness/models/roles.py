"""From one base model to the roles of a run: actor, critic, reference, reward model.

Each role is a module that is called with a rollout through its own `forward`, so that whatever wraps a module (an
engine that trains it over several devices, say) works.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from rlvr_bench.algorithms.types import Role, Rollout
from rlvr_bench.harness.models.scoring import Entropy, hidden_states, scatter, token_scores

TRAINED: frozenset[Role] = frozenset({"actor", "critic"})


class Policy(nn.Module):
    """A causal language model that says how likely given completions are: actor and reference."""

    def __init__(self, lm: Any) -> None:
        super().__init__()
        self.lm = lm

    def forward(self, rollout: Rollout, *, temperature: float, entropy: Entropy = "off") -> tuple[Tensor, Tensor]:
        """Log-probabilities of the sampled tokens and entropies of their distributions.

        Args:
            temperature: divides the logits.
            entropy: with or without its gradient, or `off`: zeros.
        Returns:
            (B, T) each, nats, zero where masked.
        """
        mask = rollout.response_mask
        states = hidden_states(self.lm.base_model, rollout, after_last=False)[mask]
        head = self.lm.get_output_embeddings()
        logprobs, entropies = token_scores(head, states, rollout.completion_ids[mask], temperature=temperature)
        if entropy == "detached":
            entropies = entropies.detach()
        return scatter(logprobs, mask), scatter(entropies, mask)


class ScalarModel(nn.Module):
    """The base model's backbone with one scalar per position instead of a vocabulary: critic and reward model.

    The head starts at zero: a new critic predicts 0 everywhere, whatever the backbone says.
    """

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        self.backbone = backbone
        width = backbone.config.get_text_config().hidden_size
        parameter = next(backbone.parameters())
        self.head = nn.Linear(width, 1, bias=True, device=parameter.device, dtype=parameter.dtype)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    @classmethod
    def from_causal_lm(cls, lm: Any) -> ScalarModel:
        """A copy of the backbone, without the language-model head."""
        return cls(copy.deepcopy(lm.base_model))

    def forward(self, rollout: Rollout, *, at: Literal["tokens", "end"] = "tokens") -> Tensor:
        """Values of the states in which tokens were chosen, (B, T), zero where masked; or one score a completion.

        Args:
            at: `end` reads the whole completion, at its last token; (B,).
        """
        if at == "tokens":
            states = hidden_states(self.backbone, rollout, after_last=False)[rollout.response_mask]
            return scatter(self.head(states).float().squeeze(-1), rollout.response_mask)
        length = rollout.response_mask.sum(1)
        states = hidden_states(self.backbone, rollout, after_last=True)
        states = states[torch.arange(len(length), device=length.device), length]
        return self.head(states).float().squeeze(-1)


@dataclass
class Models:
    """The models that this run holds, by role, and the tokenizer that they share."""

    by_role: dict[Role, nn.Module]
    tokenizer: Any
    device: torch.device
    offload_frozen: bool

    @property
    def actor(self) -> Policy:
        actor = self.by_role["actor"]
        assert isinstance(actor, Policy)
        return actor

    def holds(self, role: Role) -> bool:
        return role in self.by_role

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
    base: Any,
    tokenizer: Any,
    roles: frozenset[Role],
    *,
    device: torch.device,
    offload_frozen: bool,
    reward_model: nn.Module | None,
) -> Models:
    """The actor is the base itself; the others are copies of it.

    Args:
        roles: what the algorithm declares; the reward model comes with `reward_model`.
    """
    by_role: dict[Role, nn.Module] = {"actor": Policy(base)}
    if "critic" in roles:
        by_role["critic"] = ScalarModel.from_causal_lm(base)
    if "reference" in roles:
        by_role["reference"] = Policy(copy.deepcopy(base))
    if reward_model is not None:
        by_role["reward"] = reward_model
    for role, model in by_role.items():
        model.requires_grad_(role in TRAINED)
        model.train(role in TRAINED)
        model.to("cpu" if offload_frozen and role not in TRAINED else device)
    return Models(by_role, tokenizer, device, offload_frozen)
