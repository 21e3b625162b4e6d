"""`rlvr-bench reward-model`: trains a run's reward model by itself and tells how good it is."""

from __future__ import annotations

from typing import Any

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import ConfigError, build
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.models.base import pick_device
from rlvr_bench.harness.training.grader import Judge
from rlvr_bench.harness.training.reward_model import reward_model
from rlvr_bench.harness.training.warm_start import base_model


def train_reward_model(config: RunConfig) -> dict[str, Any]:
    """The facts of the reward model that a run with this configuration uses.

    It goes into the cache, from which runs with the same base model, task and labels take it.

    Raises:
        ConfigError: there are no labels to train on.
        RewardModelError: the base model's completions do not give the pairs asked for.
    """
    if not config.reward.label_pairs:
        raise ConfigError(["reward.label_pairs: 0 leaves the reward model untrained; set the number of pairs"])
    task = build(plugins.TASKS, config.task)
    judge = Judge(task, config.reward, seed=config.seed)
    try:
        base, tokenizer, _ = base_model(config, task)
        base.to(pick_device(config.model))
        return reward_model(config, base, tokenizer, judge, task)[2]
    finally:
        judge.close()


def described(facts: dict[str, Any]) -> str:
    """The facts as a few lines for a terminal."""
    from scipy.stats import binomtest

    pairs, accuracy = facts["held_out_pairs"], facts["held_out_accuracy"]
    interval = binomtest(round(accuracy * pairs), pairs).proportion_ci(method="wilson")
    lines = [
        f"trained on {facts['pairs']} pairs (right, wrong) of {facts['labels']} labelled completions; "
        f"the base model is right in {facts['base_pass_rate']:.3f} of its completions",
        f"held-out pair accuracy {accuracy:.3f} [{interval.low:.3f}, {interval.high:.3f}] "
        f"({pairs} pairs of other prompts, 95 % Wilson interval)",
        "calibration: of the pairs that it ranks with this confidence, the share that it ranks rightly",
        "  confidence  right   pairs",
    ]
    rows = facts["calibration"]
    lines += [f"  {row['confidence']:10.3f}  {row['accuracy']:5.3f}  {row['pairs']:6d}" for row in rows]
    return "\n".join(lines)
