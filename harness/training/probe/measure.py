"""The critic at one policy: its value of states along held-out completions, beside what continuations of them earn.

The Monte-Carlo value of a state is the mean reward, undiscounted, of fresh continuations by the policy as it is, with a
standard error of its own; that of the first state is the prompt's pass rate.  A KL in the reward or a discount adds to
what a critic is trained on and is not in it.  Nothing is trained, and no random stream of the run is touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.models.roles import Models
from rlvr_bench.harness.models.scoring import score_rollout
from rlvr_bench.harness.rollout.types import RolloutEngine, as_rollout
from rlvr_bench.harness.seeding import derive_seed
from rlvr_bench.harness.tasks.prompts import first_items
from rlvr_bench.harness.tasks.types import Task
from rlvr_bench.harness.training.grader import Grader, sample_and_grade
from rlvr_bench.harness.training.probe.states import go_on, positions

ProbeRow = dict[str, Any]  # one line of values.jsonl.gz


@dataclass(frozen=True)
class CriticProbe:
    """Probes the critic with the models, the sampler and the grader of a run."""

    config: RunConfig
    task: Task
    grader: Grader
    models: Models
    sampler: RolloutEngine

    def measure(self, step: int) -> ProbeRow:
        """A completion of each held-out prompt, and for each of its states what it is worth and what the critic says.

        Returns:
            for each prompt the item, its `meta`, tokens and reward of the completion, and lists over its states:
            `position` (tokens before it), `value` (the critic's), `mean`, `standard_error` and `count` of the rewards
            of its continuations.
        """
        c = self.config
        items = first_items(self.task, c.evaluate.split, c.measure.critic_prompts)
        seed = derive_seed(c.seed, "critic probe", step)
        tokenizer, sampler = self.models.tokenizer, self.sampler
        samples, grades = sample_and_grade(sampler, tokenizer, self.grader, items, c, count=1, seed=seed)
        rollout = as_rollout(samples, max_tokens=c.rollout.max_tokens)
        values = score_rollout(self.models.by_role["critic"], rollout, c.train.micro_tokens)
        lengths = samples.response_mask.sum(1).tolist()
        states = [(row, at) for row, n in enumerate(lengths) for at in positions(n, c.measure.critic_states)]
        earned = go_on(states, samples, items, sampler, tokenizer, self.grader, c, seed)
        prompts = []
        for row, item in enumerate(items):
            mine = [(at, earned[row, at]) for other, at in states if other == row and (row, at) in earned]
            prompts.append(
                {
                    "item": item.id,
                    "meta": item.meta,
                    "length": lengths[row],
                    "reward": grades.rewards[row],
                    "position": [at for at, _ in mine],
                    "value": [float(values[row, at]) for at, _ in mine],
                    "mean": [found.mean for _, found in mine],
                    "standard_error": [found.standard_error for _, found in mine],
                    "count": [found.count for _, found in mine],
                }
            )
        sizes = {"group_size": c.rollout.group_size, "states": c.measure.critic_states}
        return {"step": step, **sizes, "prompts": prompts}
