"""The optimizer steps on one rollout: epochs, minibatches, micro-batches, actor and critic one after the other."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from rlvr_bench.algorithms.types import BatchCounts, Loss, Role, Rollout, needs_of
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.optim import warmup_factor
from rlvr_bench.harness.engines.processes import Processes
from rlvr_bench.harness.engines.types import TrainEngine
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.meters.states import role_states
from rlvr_bench.harness.models.roles import Models
from rlvr_bench.harness.models.scoring import Entropy, micro_batches, part_of
from rlvr_bench.harness.records import MetricsRow, Phase, RoleStates
from rlvr_bench.harness.seeding import generator

UPDATES: dict[Role, Phase] = {"actor": "update_actor", "critic": "update_critic"}
EXTREMES = ("_max", "_min")  # ends of the names of metrics that are not sums


class Diverged(ArithmeticError):
    """More losses or gradients in a row than `train.max_skipped` were not finite; none of them was applied.

    Attributes:
        row: the metrics of the step so far.
        completions: of the step, for the record.
    """

    def __init__(self, message: str, row: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.row = dict(row)
        self.completions: list[dict[str, Any]] = []


def minibatches(group_ids: Tensor, count: int, generator: torch.Generator) -> list[Tensor]:
    """Row indices of each minibatch: whole groups in a shuffled order, so that a prompt is read once for its group.

    Fewer than `count` if there are fewer groups.
    """
    groups = group_ids.unique()
    order = groups[torch.randperm(len(groups), generator=generator).to(groups.device)]
    parts = [part for part in order.tensor_split(count) if len(part)]
    return [torch.cat([(group_ids == group).nonzero().squeeze(1) for group in part]) for part in parts]


@dataclass(frozen=True)
class OldLogprobs:
    """Whether the log-probabilities of the policy that sampled are needed before the update, and who has them.

    Attributes:
        needed: by `prepare`, by a second optimizer step, or because another engine's are to be compared.
        kept: as they were sampled; only what is computed here in float32 is one number in sampling and in scoring.
    """

    needed: bool
    kept: bool

    @property
    def scored(self) -> bool:
        """The actor reads the completions once more."""
        return self.needed and not self.kept


def old_logprobs_of(algorithm: Any, config: RunConfig) -> OldLogprobs:
    """Of a run."""
    own = config.rollout.engine == "torch"
    needed = not single_step(config) or needs_of(algorithm).logprobs_in_prepare or not own
    exact = own and config.model.dtype == "float32" and config.compute.autocast == "off"
    return OldLogprobs(needed, needed and exact)


def single_step(config: RunConfig) -> bool:
    """One optimizer step a rollout: the policy that sampled is the one that is updated, and the ratio is 1.

    The old log-probabilities in the loss come from the update's own forward pass then, for any algorithm.
    """
    return config.train.epochs * config.train.minibatches == 1


@dataclass
class Learner:
    """The trained models, each with its engine."""

    algorithm: Any
    models: Models
    engines: dict[Role, TrainEngine]
    config: RunConfig
    processes: Processes = field(default_factory=Processes)
    skipped: Counter[Role] = field(default_factory=Counter)
    """Optimizer steps in a row that were left out."""

    def update(self, rollout: Rollout, step: int, meter: Recorder) -> MetricsRow:
        """All optimizer steps on one rollout; returns train/* metrics, of all processes.

        The groups of each minibatch are dealt out anew, whoever sampled them: each process takes the gradient of its
        own, and counts are of all.

        Raises:
            Diverged: naming model and step.
        """
        c = self.config.train
        factor = warmup_factor(step, c.lr_warmup_steps)
        rates: dict[Role, float] = {"actor": c.lr * factor, "critic": c.critic_lr * factor}
        log = _Log()
        shuffle = generator("cpu", self.config.seed, "minibatches", step)
        for _ in range(c.epochs):
            for rows in minibatches(rollout.group_ids, c.minibatches, shuffle):
                counts = BatchCounts.of(rollout.response_mask[rows], self.config.rollout.max_tokens)
                own = self._own(rows, rollout.group_ids[rows])
                # Gradients are summed over the processes: one without a row takes part with one that weighs nothing.
                weight = float(len(own) > 0)
                minibatch = rollout.select(own if weight else rows[:1], counts=counts)
                if step > c.critic_warmup_steps or "critic" not in self.engines:
                    self._step("actor", minibatch, weight, rates["actor"], meter, log)
                if "critic" in self.engines:
                    self._step("critic", minibatch, weight, rates["critic"], meter, log)
        metrics = log.means()
        metrics["train/lr"] = rates["actor"]
        if "critic" in self.engines:
            metrics["train/critic_lr"] = rates["critic"]
        return metrics

    def _own(self, rows: Tensor, group_ids: Tensor) -> Tensor:
        """Of the rows of a minibatch, those of this process's share of its groups."""
        groups = group_ids.unique_consecutive()
        begin, end = self.processes.share(len(groups))
        return rows[torch.isin(group_ids, groups[begin:end])]

    def _step(self, role: Role, batch: Rollout, weight: float, lr: float, meter: Recorder, log: _Log) -> None:
        with meter.phase(UPDATES[role]):
            loss, engine = self._backward(role, batch, weight, log), self.engines[role]
            # A loss can be infinite where its gradient is finite, as where a clip cuts the gradient off.
            if math.isfinite(loss):
                norm, reason = engine.step(lr, self.config.train.grad_clip), "gradient norm"
                log.mean("grad_norm" if role == "actor" else "critic_grad_norm", norm)
            else:
                engine.discard()
                norm, reason = loss, "loss"
        if math.isfinite(norm):
            self.skipped[role] = 0
            return
        self.skipped[role] += 1
        log.count(f"{role}_skipped")
        if (times := self.skipped[role]) > self.config.train.max_skipped:
            often = f", as in the {times - 1} before it" if times > 1 else ""
            raise Diverged(f"the {role}'s {reason} is {norm}{often}", log.means())

    def _backward(self, role: Role, batch: Rollout, weight: float, log: _Log) -> float:
        """Gradient of the whole minibatch, a micro-batch at a time; returns its loss over all processes.

        All have as many micro-batches as the one with the most, because they exchange gradients, and perhaps weights,
        in each; those further ones weigh nothing.
        """
        parts = list(micro_batches(batch, self.config.train.micro_tokens))
        weights = [weight] * len(parts)
        further = self.processes.most(len(parts)) - len(parts)
        parts, weights = parts + [parts[-1][:1]] * further, weights + [0.0] * further
        name = "policy_loss" if role == "actor" else "value_loss"
        metrics = []
        for i, (rows, counts) in enumerate(zip(parts, weights, strict=True)):
            part = part_of(batch, rows)
            loss = self.loss(role, part)
            self.engines[role].backward(counts * loss.scalar, last=i + 1 == len(parts))
            if counts:
                metrics.append({name: float(loss.scalar.detach())} | {n: float(v) for n, v in loss.metrics.items()})
            del loss  # its graph, before the next one is built
        metrics = [row for rows in self.processes.all(metrics) for row in rows]
        log.add(metrics)
        return sum(m[name] for m in metrics)

    def loss(self, role: Role, batch: Rollout) -> Loss:
        """Of one micro-batch, under grad."""
        return self._policy_loss(batch) if role == "actor" else self._value_loss(batch)

    def _policy_loss(self, batch: Rollout) -> Loss:
        entropy: Entropy = "grad" if needs_of(self.algorithm).entropy_gradient else "detached"
        temperature = self.config.rollout.temperature
        logprobs, entropies = self.engines["actor"].module(batch, temperature=temperature, entropy=entropy)
        if single_step(self.config):
            batch = replace(batch, old_logprobs=logprobs.detach())
        return self.algorithm.policy_loss(batch, logprobs, entropies)

    def _value_loss(self, batch: Rollout) -> Loss:
        return self.algorithm.value_loss(batch, self.engines["critic"].module(batch))

    def states(self) -> dict[Role, RoleStates]:
        """States of every role, those of the trained ones as they were at their first optimizer step."""
        return {
            role: self.engines[role].states() if role in self.engines else role_states(model, None, trained=False)
            for role, model in self.models.by_role.items()
        }


class _Log:
    """Combines metrics over micro-batches (sums; extremes) and over optimizer steps (means; extremes)."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = defaultdict(list)
        self._counts: Counter[str] = Counter()

    def mean(self, name: str, value: float) -> None:
        self._values[name].append(value)

    def count(self, name: str) -> None:
        """One more of something that is usually not there."""
        self._counts[f"train/{name}"] += 1

    def add(self, micro: Sequence[Mapping[str, float]]) -> None:
        """Metrics of the micro-batches of one optimizer batch."""
        for name in micro[0]:
            column = [m[name] for m in micro]
            if not name.endswith(EXTREMES):
                self.mean(name, sum(column))
            else:
                self.mean(name, max(column) if name.endswith("_max") else min(column))

    def means(self) -> dict[str, Any]:
        return self._counts | {
            f"train/{name}": max(v) if name.endswith("_max") else min(v) if name.endswith("_min") else sum(v) / len(v)
            for name, v in self._values.items()
        }
