"""The model card of an exported run: how it was trained, and how well it does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version

from rlvr_bench.harness.commands.accuracy import described
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.models.files import HUB_NAME
from rlvr_bench.harness.records import EvaluationCounts, Summary

CARD = """\
---
library_name: transformers
pipeline_tag: text-generation
tags: [reinforcement-learning, rlvr, {algorithm}]
{base}---

# {name}

Trained by reinforcement learning with verifiable rewards: {algorithm} on the task `{task}`, with rlvr-bench {version}.

| | |
|---|---|
| base model | {model} |
| algorithm | {algorithm} |
| reward | {reward} |
| steps | {step} of {steps}, each of {prompts} prompts x {group_size} completions |
| learning rate | {lr:g} |
| seed | {seed} |
| how the run ended | {status} |

## Held-out accuracy

{accuracy}

## All settings

```json
{config}
```
"""


def card(config: RunConfig, summary: Summary, evaluations: Sequence[EvaluationCounts], *, name: str, step: int) -> str:
    """Markdown, with the header that the hub reads.

    Args:
        step: that the weights are of.
    """
    model, warm = config.model.name, config.warm_start
    by_step = [f"- step {counts.step}: {described(counts)}" for counts in evaluations if counts.step in (0, step)]
    started = (
        f"`{model}`, after {warm.steps} supervised steps on demonstrations of the task" if warm.steps else f"`{model}`"
    )
    return CARD.format(
        base=f"base_model: {model}\n" if HUB_NAME.fullmatch(model) else "",
        name=name,
        version=version("rlvr-bench"),
        task=config.task.name,
        model=started,
        algorithm=config.algorithm.name,
        reward=f"{config.reward.source} {json.dumps(config.reward.components)}",
        step=step,
        steps=config.train.steps,
        prompts=config.rollout.prompts,
        group_size=config.rollout.group_size,
        lr=config.train.lr,
        seed=config.seed,
        status=summary.status,
        accuracy="\n".join(by_step) or "Not evaluated (`evaluate.every` is 0).",
        config=json.dumps(config.to_dict(), indent=1),
    )
