"""The ladder at one policy: batches of the step's own size, every rung on the same completions.

The reference is the oracle's gradient over as many other batches; the oracle is a prompt's mean reward over further
completions.  Nothing is trained, and no random stream of the run is touched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.models.roles import Models
from rlvr_bench.harness.models.scoring import micro_batches, part_of, score_rollout
from rlvr_bench.harness.rollout.types import RolloutEngine, as_rollout
from rlvr_bench.harness.seeding import derive_seed
from rlvr_bench.harness.tasks.prompts import train_items
from rlvr_bench.harness.tasks.types import Item, Task
from rlvr_bench.harness.training.grader import Grader, sample_and_grade
from rlvr_bench.harness.training.ladder.gradient import policy_gradient, quality
from rlvr_bench.harness.training.ladder.rungs import RUNGS, Rung, advantages
from rlvr_bench.harness.training.step_metrics import explained_variance

LadderRow = dict[str, Any]  # one line of ladder.jsonl


@dataclass(frozen=True)
class Ladder:
    """Measures the baselines with the models, the sampler and the grader of a run."""

    config: RunConfig
    task: Task
    grader: Grader
    models: Models
    sampler: RolloutEngine

    def measure(self, step: int) -> LadderRow:
        """Variance, cosine and scale of every rung, and the critic's explained variance on these completions.

        A policy whose reference gradient is zero gives no rungs, and says so.
        """
        count = self.config.measure.ladder_batches
        gradients: dict[Rung, list[Tensor]] = {}
        explained, rates = [], []
        for place in range(count):
            rollout, oracle = self._batch(step, place)
            rates.append(float(rollout.rewards.mean()))
            for rung, gradient in self._gradients(rollout, oracle, RUNGS).items():
                gradients.setdefault(rung, []).append(gradient)
            if rollout.values is not None:
                returns = rollout.rewards.unsqueeze(1) * rollout.response_mask
                explained.append(explained_variance(rollout.values, returns, rollout.response_mask))
        references = []
        for place in range(count, 2 * count):
            rollout, oracle = self._batch(step, place)
            rates.append(float(rollout.rewards.mean()))
            references.append(self._gradients(rollout, oracle, ("oracle",))["oracle"])
        reference = torch.stack(references).mean(0)
        known = [value for value in explained if value is not None]
        row: LadderRow = {
            "step": step, "batches": count, "completions": self.config.completions, "pass_rate": fmean(rates),
            "explained_variance": fmean(known) if known else None, "rungs": {},
        }  # fmt: skip
        if reference.norm() > 0:
            row["rungs"] = {r: asdict(quality(torch.stack(g), reference)) for r, g in gradients.items()}
        return row

    def _batch(self, step: int, place: int) -> tuple[Rollout, Tensor]:
        """A graded rollout with values, and the oracle of each of its completions."""
        c = self.config
        seed = derive_seed(c.seed, "ladder", step)
        items = train_items(self.task, seed=seed, step=place + 1, count=c.rollout.prompts)
        rollout, rewards = self._sample(items, c.rollout.group_size, derive_seed(seed, "batch", place))
        _, further = self._sample(items, c.measure.ladder_oracle, derive_seed(seed, "oracle", place))
        means = further.reshape(len(items), -1).nanmean(1).repeat_interleave(c.rollout.group_size)
        whole = (~(rewards.isnan() | means.isnan())).nonzero().squeeze(1)  # verdicts can be missing
        rollout = replace(rollout, rewards=rewards).select(whole)
        if self.models.holds("critic"):
            values = score_rollout(self.models.by_role["critic"], rollout, c.train.micro_tokens)
            rollout = rollout.with_scores(values=values)
        return rollout, means[whole]

    def _sample(self, items: list[Item], count: int, seed: int) -> tuple[Rollout, Tensor]:
        samples, grades = sample_and_grade(
            self.sampler, self.models.tokenizer, self.grader, items, self.config, count=count, seed=seed
        )
        device = samples.response_mask.device
        rewards = torch.tensor([float("nan") if value is None else value for value in grades.rewards], device=device)
        return as_rollout(samples, max_tokens=self.config.rollout.max_tokens), rewards

    def _gradients(self, rollout: Rollout, oracle: Tensor, rungs: tuple[Rung, ...]) -> dict[Rung, Tensor]:
        """Of every rung that there is, a mean over the completions."""
        actor: Callable[..., tuple[Tensor, Tensor]] = self.models.actor
        parameters = list(self.models.actor.parameters())
        found = {rung: advantages(rung, rollout, oracle=oracle) for rung in rungs}
        total: dict[Rung, Tensor] = {}
        for rows in micro_batches(rollout, self.config.train.micro_tokens):
            part = part_of(rollout, rows)
            logprobs, _ = actor(part, temperature=self.config.rollout.temperature)
            for rung in rungs:
                advantage = found[rung]
                if advantage is None:
                    continue
                mine = advantage[rows, : logprobs.shape[1]]
                gradient = policy_gradient(logprobs, mine, parameters) / len(rollout.rewards)
                total[rung] = total[rung] + gradient if rung in total else gradient
        return total
