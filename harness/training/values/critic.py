"""A critic that knows the base model's policy before the run: trained alone on what fresh completions earn.

Without it a critic starts at 0 and learns from the run's few thousand completions only.  The policy is fixed, so the
target of every token is the completion's whole reward, undiscounted (Monte Carlo), as in VC-PPO's value pretraining
(arXiv:2503.01491).  The KL to the reference is 0 here, since the policy still is the reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from torch import Tensor

from rlvr_bench.algorithms.types import Rollout
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.state_files import load_trained, trained_state
from rlvr_bench.harness.engines.torch_engine import TorchEngine
from rlvr_bench.harness.engines.types import TrainEngine
from rlvr_bench.harness.models.roles import Models
from rlvr_bench.harness.models.scoring import micro_batches, part_of, score_rollout
from rlvr_bench.harness.progress import track
from rlvr_bench.harness.rollout import rollout_engine
from rlvr_bench.harness.rollout.long_prompts import choice_of
from rlvr_bench.harness.rollout.types import RolloutEngine, as_rollout
from rlvr_bench.harness.seeding import derive_seed
from rlvr_bench.harness.state.cache import cached
from rlvr_bench.harness.state.identity import base_inputs, critic_inputs
from rlvr_bench.harness.tasks.prompts import train_items
from rlvr_bench.harness.tasks.types import Task
from rlvr_bench.harness.training.evaluate import refuse_masked
from rlvr_bench.harness.training.experience import earned
from rlvr_bench.harness.training.grader import Grader, sample_and_grade
from rlvr_bench.harness.training.reward_model import reward_model_key
from rlvr_bench.harness.training.step_metrics import explained_variance
from rlvr_bench.harness.training.warm_start import warm_start_key
from rlvr_bench.rewards.learned import Normalizer

HELD_OUT = 2048  # completions that the explained variance is taken on


def pretrain_critic(
    config: RunConfig, models: Models, normalizer: Normalizer, grader: Grader, task: Task
) -> dict[str, Any]:
    """Give the critic its pretrained weights, from the cache if it was trained before; returns facts of its training.

    Args:
        models: the actor is the base model still.
        normalizer: of the reward model's score, where there is one.
    """
    critic = models.by_role["critic"]

    def make() -> tuple[dict[str, Tensor], dict[str, Any]]:
        facts = _Pretraining(config, models, normalizer, grader, task).run()
        return trained_state(critic), facts

    weights, facts = cached("critic", critic_key(config, base_inputs(config, task)), make)
    load_trained(critic, weights)
    return facts


def critic_key(config: RunConfig, inputs: Mapping[str, str]) -> dict[str, Any]:
    """What a pretrained critic depends on; `inputs` as for the warm start."""
    r, t, rollout = config.reward, config.train, config.rollout
    wrong = [r.false_positive_rate, r.false_negative_rate]
    return {
        **warm_start_key(config, inputs),
        "reward": [r.source, r.components, *wrong, config.seed if any(wrong) else None],
        "reward_model": reward_model_key(config, inputs) if config.has_reward_model else None,
        "critic": [t.critic_pretrain_steps, t.critic_pretrain_batch, t.critic_pretrain_lr],
        "sampling": [rollout.min_tokens, rollout.max_tokens, rollout.temperature],
        **choice_of(config),
        **({"made_from": [config.model.critic, critic_inputs(config)]} if config.model.critic else {}),
        **({"adapter": asdict(config.model.adapter)} if config.model.adapter is not None else {}),
    }


class _Pretraining:
    def __init__(self, config: RunConfig, models: Models, normalizer: Normalizer, grader: Grader, task: Task) -> None:
        self.config, self.models, self.normalizer, self.grader, self.task = config, models, normalizer, grader, task
        self.critic = models.by_role["critic"]
        self.sampler: RolloutEngine = rollout_engine(config, models.actor.lm, models.tokenizer)

    def run(self) -> dict[str, Any]:
        """One optimizer step a batch of new prompts, with a linear decay of the learning rate to zero."""
        t = self.config.train
        engine = TorchEngine(self.critic)
        for step in track(range(t.critic_pretrain_steps), "critic", t.critic_pretrain_steps):
            self._backward(engine, self._outcomes("train", step, t.critic_pretrain_batch))
            engine.step(t.critic_pretrain_lr * (1 - step / t.critic_pretrain_steps), t.grad_clip)
        new = self._outcomes("held out", 0, HELD_OUT)
        values = score_rollout(self.critic, new, t.micro_tokens)
        return {
            "completions": t.critic_pretrain_steps * t.critic_pretrain_batch,
            "held_out": len(new.rewards),
            "explained_variance": explained_variance(values, _spread(new), new.response_mask),
        }

    def _outcomes(self, purpose: str, step: int, count: int) -> Rollout:
        """One completion each of so many prompts, with what the policy would earn; those without a verdict left out."""
        c = self.config
        seed = derive_seed("critic", purpose, c.warm_start.seed)
        items = train_items(self.task, seed=seed, step=step + 1, count=count)
        samples, grades = sample_and_grade(
            self.sampler, self.models.tokenizer, self.grader, items, c, count=1, seed=derive_seed(seed, step)
        )
        refuse_masked(1 - len(grades.valid) / count, c.reward.max_masked, "rewards of the critic's completions")
        rollout = as_rollout(samples, max_tokens=c.rollout.max_tokens)
        return earned(rollout, grades, self.models, self.normalizer, c)[0]

    def _backward(self, engine: TrainEngine, rollout: Rollout) -> None:
        """Mean squared error over all tokens of the batch."""
        tokens = rollout.response_mask.sum()
        parts = list(micro_batches(rollout, self.config.train.micro_tokens))
        for i, rows in enumerate(parts):
            part = part_of(rollout, rows)
            errors = (engine.module(part) - _spread(part))[part.response_mask]
            engine.backward(errors.square().sum() / tokens, last=i + 1 == len(parts))


def _spread(rollout: Rollout) -> Tensor:
    """The completion's reward at every token, (B, T)."""
    return rollout.rewards.unsqueeze(1).expand(rollout.response_mask.shape)
