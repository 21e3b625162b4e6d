"""From one base model to the roles of a run: actor, critic, reference, reward model.

Each role is a module that is called with a rollout through its own `forward`, so that whatever wraps a module (an
engine that trains it over several devices, say) works.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from rlvr_bench.algorithms.types import Role, Rollout
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.models.adapters import with_adapter
from rlvr_bench.harness.models.ends import end_ids
from rlvr_bench.harness.models.heads import WideHead
from rlvr_bench.harness.models.precision import Autocast, autocast
from rlvr_bench.harness.models.scoring import (
    Entropy,
    Positions,
    distinct,
    hidden_states,
    positions_read,
    reads_whole,
    scatter,
    token_scores,
)
from rlvr_bench.harness.seeding import derive_seed

TRAINED: frozenset[Role] = frozenset({"actor", "critic"})


class Reading(nn.Module):
    """What actor, reference, critic and reward model share: how they read completions, and how much they have read."""

    def __init__(self, share: bool, precision: Autocast) -> None:
        super().__init__()
        self.borrowed: tuple[Tensor, ...] = ()  # of its weights and buffers, those that are the actor's
        self.share = share
        self.precision: Autocast = precision
        self.positions_read = Positions()

    def read(self, backbone: Any, rollout: Rollout, *, after_last: bool) -> Tensor:
        """Hidden states, (B, T or T+1, H); see `scoring.hidden_states`."""
        once = not reads_whole(backbone)
        more = positions_read(rollout, prompts_once=once, after_last=after_last)
        before = self.positions_read
        self.positions_read = Positions(before.prompt + more.prompt, before.completion + more.completion)
        with autocast(rollout.rewards.device, self.precision):
            return hidden_states(backbone, rollout, after_last=after_last)


class Policy(Reading):
    """A causal language model that says how likely given completions are: actor and reference."""

    def __init__(
        self,
        lm: Any,
        *,
        share: bool = True,
        precision: Autocast = "off",
        ends: Sequence[int] = (),
        min_tokens: int = 0,
    ) -> None:
        """
        Args:
            ends, min_tokens: what sampling did not allow: no end among the first so many tokens.
        """
        super().__init__(share, precision)
        self.lm, self.ends, self.min_tokens = lm, tuple(ends), min_tokens

    def forward(self, rollout: Rollout, *, temperature: float, entropy: Entropy = "off") -> tuple[Tensor, Tensor]:
        """Log-probabilities of the sampled tokens and entropies of the distributions that they were sampled from.

        Args:
            temperature: divides the logits.
            entropy: with or without its gradient, or `off`: zeros.
        Returns:
            (B, T) each, nats, zero where masked.
        """
        if self.share:
            kinds, index = distinct(rollout)
            logprobs, entropies = self._scores(kinds, temperature, entropy)
            return logprobs[index], entropies[index]
        return self._scores(rollout, temperature, entropy)

    def states(self, rollout: Rollout) -> tuple[Tensor, Tensor | None]:
        """Hidden states in which the N tokens were chosen, (N, H), and where no end could be, (N,) or None."""
        mask, early = rollout.response_mask, None
        if self.min_tokens:
            place = torch.arange(mask.shape[1], device=mask.device)
            early = (place < self.min_tokens).expand_as(mask)[mask]
        return self.read(self.lm.base_model, rollout, after_last=False)[mask], early

    def _scores(self, rollout: Rollout, temperature: float, entropy: Entropy) -> tuple[Tensor, Tensor]:
        mask = rollout.response_mask
        states, early = self.states(rollout)
        head = self.lm.get_output_embeddings()
        tokens = rollout.completion_ids[mask]
        logprobs, entropies = token_scores(
            head, states, tokens, early, temperature=temperature, entropy=entropy, ends=self.ends
        )
        return scatter(logprobs, mask), scatter(entropies, mask)


class ScalarModel(Reading):
    """The base model's backbone with one scalar per position instead of a vocabulary: critic and reward model.

    The head starts at zero: a new critic predicts 0 everywhere, whatever the backbone says.
    """

    def __init__(self, backbone: Any, *, share: bool = True, precision: Autocast = "off") -> None:
        super().__init__(share, precision)
        self.backbone = backbone
        width = backbone.config.get_text_config().hidden_size
        parameter = next(backbone.parameters())
        self.head = nn.Linear(width, 1, bias=True, device=parameter.device, dtype=parameter.dtype)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    @classmethod
    def from_causal_lm(cls, lm: Any, *, share: bool = True, precision: Autocast = "off") -> ScalarModel:
        """A copy of the backbone, without the language-model head."""
        return cls(copy.deepcopy(lm.base_model), share=share, precision=precision)

    def forward(self, rollout: Rollout, *, at: Literal["tokens", "end"] = "tokens") -> Tensor:
        """Values of the states in which tokens were chosen, (B, T), zero where masked; or one score a completion.

        Args:
            at: `end` reads the whole completion, at its last token; (B,).
        """
        if self.share:
            kinds, index = distinct(rollout)
            return self._scores(kinds, at)[index]
        return self._scores(rollout, at)

    def _scores(self, rollout: Rollout, at: Literal["tokens", "end"]) -> Tensor:
        if at == "tokens":
            states = self.read(self.backbone, rollout, after_last=False)[rollout.response_mask]
            return scatter(self._head(states), rollout.response_mask)
        length = rollout.response_mask.sum(1)
        states = self.read(self.backbone, rollout, after_last=True)
        return self._head(states[torch.arange(len(length), device=length.device), length])

    def _head(self, states: Tensor) -> Tensor:
        return WideHead(self.head)(states).squeeze(-1)


def is_movable(role: Role, model: Reading) -> bool:
    """Whether it can be kept elsewhere between uses: it is not trained, and its weights are its own."""
    return role not in TRAINED and not model.borrowed


@dataclass
class Models:
    """The models that this run holds, by role, and the tokenizer that they share."""

    by_role: dict[Role, Reading]
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

    def take_reads(self) -> dict[Role, Positions]:
        """Positions that went through each model since the last call."""
        reads: dict[Role, Positions] = {role: model.positions_read for role, model in self.by_role.items()}
        for model in self.by_role.values():
            model.positions_read = Positions()
        return reads

    @contextmanager
    def on_device(self, role: Role) -> Iterator[nn.Module]:
        """The model, moved to the device for as long as it is used if it is kept on the CPU."""
        model = self.by_role[role]
        moves = self.offload_frozen and is_movable(role, model)
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
    config: RunConfig,
    *,
    device: torch.device,
    reward_model: nn.Module | None,
    critic: Any | None = None,
) -> Models:
    """The actor is the base itself; the others are copies of it, or all are on it where there are adapters.

    Args:
        roles: what the algorithm declares; the reward model comes with `reward_model`.
        critic: the causal language model that the critic is made from, if not the base.
    """
    how: dict[str, Any] = {"share": config.compute.share, "precision": config.compute.autocast}
    rules: dict[str, Any] = {"ends": end_ids(base, tokenizer), "min_tokens": config.rollout.min_tokens}
    by_role: dict[Role, Reading]
    if config.model.adapter is not None:
        by_role = _on_one_base(base.to(device), roles, config, how, rules)
    else:
        by_role = {"actor": Policy(base, **how, **rules)}
        if "critic" in roles:
            by_role["critic"] = (
                ScalarModel.from_causal_lm(base, **how) if critic is None else ScalarModel(critic.base_model, **how)
            )
        if "reference" in roles:
            by_role["reference"] = Policy(copy.deepcopy(base), **how, **rules)
        for role, model in by_role.items():
            model.requires_grad_(role in TRAINED)
    if reward_model is not None:
        assert isinstance(reward_model, ScalarModel)
        by_role["reward"] = reward_model.requires_grad_(False)
    offload = config.model.offload_frozen
    for role, model in by_role.items():
        model.train(role in TRAINED)
        model.to("cpu" if offload and is_movable(role, model) else device)
    return Models(by_role, tokenizer, device, offload)


def _on_one_base(
    base: Any, roles: frozenset[Role], config: RunConfig, how: dict[str, Any], rules: dict[str, Any]
) -> dict[Role, Reading]:
    """Actor and critic as adapters on the base, which is frozen; the reference is the base itself.

    The critic's adapter is that of its pretraining, which the runs of all seeds share.
    """
    adapter = config.model.adapter
    assert adapter is not None
    lent = (*base.parameters(), *base.buffers())
    actor = with_adapter(base, adapter, seed=derive_seed("actor's adapter", config.seed))
    by_role: dict[Role, Reading] = {"actor": Policy(actor, **how, **rules)}
    if "critic" in roles:
        seed = derive_seed("critic's adapter", config.warm_start.seed)
        by_role["critic"] = ScalarModel(with_adapter(base.base_model, adapter, seed=seed), **how)
        by_role["critic"].borrowed = lent
    if "reference" in roles:
        by_role["reference"] = Policy(base, **how, **rules)
        by_role["reference"].borrowed = lent
    return by_role
