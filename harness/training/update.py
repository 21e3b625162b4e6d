"""The optimiser steps on one rollout: epochs, minibatches, micro-batches, actor and critic one after the other."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from rlvr_bench.algorithms.types import Algorithm, BatchCounts, Forward, Role, Rollout
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.optim import make_optimizer, set_lr, warmup_factor
from rlvr_bench.harness.meters.recorder import StepMeter
from rlvr_bench.harness.meters.states import role_states
from rlvr_bench.harness.models.roles import Models, ScalarModel
from rlvr_bench.harness.records import Phase, RoleStates
from rlvr_bench.harness.seeding import generator
from rlvr_bench.harness.training.scoring import logprobs_and_entropy, micro_batches, token_values


class Diverged(ArithmeticError):
    """A gradient that is not finite; the update was not applied."""


def minibatches(group_ids: Tensor, count: int, generator: torch.Generator) -> list[Tensor]:
    """Row indices of each minibatch: whole groups in a shuffled order, so that a prompt is read once for its group.

    Fewer than `count` if there are fewer groups.
    """
    groups = group_ids.unique()
    order = groups[torch.randperm(len(groups), generator=generator).to(groups.device)]
    parts = [part for part in order.tensor_split(count) if len(part)]
    return [torch.cat([(group_ids == group).nonzero().squeeze(1) for group in part]) for part in parts]


@dataclass
class Learner:
    """The trained models with their optimisers."""

    algorithm: Algorithm
    models: Models
    config: RunConfig
    optimizers: dict[Role, Any] = field(init=False)
    states: dict[Role, RoleStates] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        rates: dict[Role, float] = {"actor": self.config.train.lr, "critic": self.config.train.critic_lr}
        self.optimizers = {
            role: make_optimizer(model, rates[role]) for role, model in self.models.by_role.items() if role in rates
        }

    @property
    def on_policy(self) -> bool:
        """One optimiser step a rollout, and nothing asks for the policy's log-probabilities before it.

        The update's own forward pass gives them then: a pass for nothing is saved, for any algorithm alike.
        """
        steps = self.config.train.epochs * self.config.train.minibatches
        return steps == 1 and not getattr(self.algorithm, "prepare_needs_logprobs", True)

    def update(self, rollout: Rollout, step: int, meter: StepMeter) -> dict[str, float]:
        """All optimiser steps on one rollout; returns train/* metrics.

        Raises:
            Diverged: naming model and step; the metrics so far are its second argument.
        """
        c = self.config.train
        factor = warmup_factor(step, c.lr_warmup_steps)
        rates: dict[Role, float] = {"actor": c.lr * factor, "critic": c.critic_lr * factor}
        log = _Log()
        shuffle = generator("cpu", self.config.seed, "minibatches", step)
        for _ in range(c.epochs):
            for rows in minibatches(rollout.group_ids, c.minibatches, shuffle):
                minibatch = rollout.select(rows, counts=self._counts(rollout.response_mask[rows]))
                if step > c.critic_warmup_steps or "critic" not in self.optimizers:
                    self._step("actor", "update_actor", minibatch, rates["actor"], meter, log)
                if "critic" in self.optimizers:
                    self._step("critic", "update_critic", minibatch, rates["critic"], meter, log)
        metrics = log.means()
        metrics["train/lr"] = rates["actor"]
        if "critic" in self.optimizers:
            metrics["train/critic_lr"] = rates["critic"]
        return metrics

    def _counts(self, mask: Tensor) -> BatchCounts:
        return BatchCounts(len(mask), int(mask.sum()), self.config.rollout.max_tokens)

    def _step(self, role: Role, phase: Phase, batch: Rollout, lr: float, meter: StepMeter, log: _Log) -> None:
        model, optimizer = self.models.by_role[role], self.optimizers[role]
        with meter.phase(phase):
            self._backward(role, model, batch, log)
            norm = float(nn.utils.clip_grad_norm_(model.parameters(), self.config.train.grad_clip))
            log.mean("grad_norm" if role == "actor" else "critic_grad_norm", norm)
            if not math.isfinite(norm):
                raise Diverged(f"the {role}'s gradient norm is {norm}", log.means())
            set_lr(optimizer, lr)
            optimizer.step()
            if role not in self.states:
                self.states[role] = role_states(model, optimizer, trained=True)
            optimizer.zero_grad()

    def _backward(self, role: Role, model: nn.Module, batch: Rollout, log: _Log) -> None:
        """Gradient of the whole minibatch, a micro-batch at a time."""
        forward = self._forward(role, model)
        width = batch.prompt_ids.shape[1] + batch.completion_ids.shape[1]
        rows = torch.arange(len(batch.rewards), device=self.models.device)
        total, parts = 0.0, []
        for part in micro_batches(rows, width, self.config.train.micro_tokens):
            micro = batch.select(part)
            new = forward(micro)
            if self.on_policy and new.logprobs is not None:
                micro = replace(micro, old_logprobs=new.logprobs.detach())
            output = self.algorithm.loss(micro, new)
            loss = output.policy if role == "actor" else output.value
            if loss is None:
                raise ValueError(f"{type(self.algorithm).__name__}.loss gave no loss for the {role}")
            loss.backward()
            total += float(loss.detach())
            parts.append({name: float(value) for name, value in output.metrics.items()})
        log.mean("policy_loss" if role == "actor" else "value_loss", total)
        log.add(parts)

    def _forward(self, role: Role, model: nn.Module) -> Callable[[Rollout], Forward]:
        if isinstance(model, ScalarModel):
            return lambda micro: Forward(values=token_values(model, micro))
        temperature = self.config.rollout.temperature

        def actor(micro: Rollout) -> Forward:
            logprobs, entropy = logprobs_and_entropy(model, micro, temperature=temperature)
            return Forward(logprobs=logprobs, entropy=entropy)

        return actor

    def frozen_states(self) -> dict[Role, RoleStates]:
        """States of every role, those of the trained ones as they were at their first optimiser step."""
        frozen = {
            role: role_states(model, None, trained=False)
            for role, model in self.models.by_role.items()
            if role not in self.optimizers
        }
        return {**frozen, **self.states}


class _Log:
    """Combines metrics over micro-batches (sums; extremes) and over optimiser steps (means; extremes)."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = defaultdict(list)

    def mean(self, name: str, value: float) -> None:
        self._values[name].append(value)

    def add(self, micro: list[dict[str, float]]) -> None:
        """Metrics of the micro-batches of one optimiser batch."""
        for name in micro[0]:
            column = [m[name] for m in micro]
            self.mean(
                name, max(column) if name.endswith("_max") else min(column) if name.endswith("_min") else sum(column)
            )

    def means(self) -> dict[str, float]:
        return {
            f"train/{name}": max(v) if name.endswith("_max") else min(v) if name.endswith("_min") else sum(v) / len(v)
            for name, v in self._values.items()
        }
