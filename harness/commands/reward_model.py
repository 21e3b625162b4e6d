"""`rlvr-bench reward-model`: trains a run's reward model on its own and shows how good it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build, load_run
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.models.base import pick_device
from rlvr_bench.harness.rollout.long_prompts import fitting
from rlvr_bench.harness.runs.machine import use_threads
from rlvr_bench.harness.training.grader import Grader
from rlvr_bench.harness.training.reward_model import reward_model
from rlvr_bench.harness.training.warm_start import base_model

# Labels are the verifier's true verdicts, even where the run's own reward is falsified.
TRUE_LABELS = ("reward.source=learned", "reward.false_positive_rate=0.0", "reward.false_negative_rate=0.0")


def show_reward_model(
    config: Path, *, overrides: Sequence[str] = (), as_json: bool = False, unsafe: bool = False
) -> None:
    """Train the reward model of a run's TOML file and print its facts.

    Raises:
        ConfigError: the settings cannot be used.
        SandboxUnavailable: the task runs code, and no tier of the sandbox works here.
    """
    facts = train_reward_model(load_run(config, [*overrides, *TRUE_LABELS], unsafe=unsafe))
    print(json.dumps(facts, indent=1, sort_keys=True) if as_json else described(facts))


def train_reward_model(config: RunConfig) -> dict[str, Any]:
    """The facts of the reward model that a run with this configuration uses.

    It goes into the cache, from which runs with the same base model, task and labels take it.

    Raises:
        ConfigError: there are no labels to train on.
        RewardModelError: the base model's completions do not give enough pairs.
    """
    if not config.reward.label_pairs:
        raise ConfigError(["reward.label_pairs: 0 leaves the reward model untrained; set the number of pairs"])
    use_threads(config.compute.threads)
    task = build(plugins.TASKS, config.task)
    with Grader(task, config.reward, seed=config.seed) as grader:
        base, tokenizer, _ = base_model(config, task)
        task, _ = fitting(task, tokenizer, config)
        base.to(pick_device(config.model))
        return reward_model(config, base, tokenizer, grader, task)[2]


def described(facts: dict[str, Any]) -> str:
    """The facts as a few lines for a terminal."""
    from rlvr_bench.harness.text_table import text_table
    from rlvr_bench.reports.stats import wilson

    pairs, accuracy = facts["held_out_pairs"], facts["held_out_accuracy"]
    low, high = wilson(accuracy * pairs, pairs)
    rows = [(f"{r['confidence']:.3f}", f"{r['accuracy']:.3f}", r["pairs"]) for r in facts["calibration"]]
    return "\n".join(
        [
            f"trained on {facts['pairs']} pairs (right, wrong) of {facts['labels']} labeled completions; "
            f"the base model is right in {facts['base_pass_rate']:.3f} of its completions",
            f"held-out pair accuracy {accuracy:.3f} [{low:.3f}, {high:.3f}] "
            f"({pairs} pairs of other prompts, 95 % Wilson interval)",
            "calibration: of the pairs ranked with this confidence, the share ranked rightly",
            text_table(("confidence", "right", "pairs"), rows),
        ]
    )
