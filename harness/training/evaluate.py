"""Held-out accuracy: pass@1 sampled and greedy, unbiased pass@k, maj@k."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from statistics import fmean
from typing import Any

import torch

from rlvr_bench.harness import accuracy
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.rollout.torch_engine import Engine, Samples, Sampling, decode_completions
from rlvr_bench.harness.seeding import generator
from rlvr_bench.harness.tasks.prompts import first_items
from rlvr_bench.harness.tasks.types import Item, Task
from rlvr_bench.harness.training.grader import Judge


class InfrastructureError(RuntimeError):
    """Too many verdicts failed for want of machinery: what is left would be biased.

    Attributes:
        row: the metrics of the step in which it happened, as far as there are any.
    """

    def __init__(self, message: str, row: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.row = dict(row or {})


metric = cache(accuracy.load)  # importing `evaluate` takes seconds: once a process


def evaluate(
    engine: Engine, tokenizer: Any, task: Task, judge: Judge, config: RunConfig, *, step: int, device: torch.device
) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """eval/* metrics, and the rows of the sampled completions for the record.

    The items are the first of the test split; the sampler's seed depends on the run's seed and the step,
    never on the algorithm.  An item with a completion whose verdict is missing is left out, and counted.

    Raises:
        InfrastructureError: more verdicts are missing than `reward.max_masked` bears.
    """
    c, r = config.evaluate, config.rollout
    items = first_items(task, "test", c.items)
    prompts = [item.prompt for item in items]
    stream = generator(device, config.seed, "evaluate", step)
    samples = engine.sample(prompts, Sampling(c.samples, r.max_tokens, r.min_tokens, r.temperature), stream)
    rows = _judged_rows(samples, tokenizer, items, judge, step)
    greedy = engine.sample(prompts, Sampling(1, r.max_tokens, r.min_tokens, greedy=True), stream)
    greedy_rows = _judged_rows(greedy, tokenizer, items, judge, step)

    masked = fmean(float(row["reward"] is None) for row in [*rows, *greedy_rows])
    refuse_masked(masked, config.reward.max_masked, f"evaluation at step {step}")
    whole = [part for part in _by_item(rows, c.samples) if all(row["reward"] is not None for row in part)]
    rewards = [[float(row["outcome"] == "pass") for row in part] for part in whole]
    answers = [[task.answer(row["completion"]) or "" for row in part] for part in whole]
    ks = sorted({1, *c.k})
    metrics = {
        "eval/masked_fraction": masked,
        "eval/greedy": fmean(float(row["outcome"] == "pass") for row in greedy_rows if row["reward"] is not None),
        "eval/length_mean": float(samples.response_mask.sum(1).float().mean()),
        "eval/truncated_fraction": float(samples.truncated.float().mean()),
    }
    right = [[reward > 0 for reward in item] for item in rewards]
    found = metric("pass_at_k").compute(rewards=rewards, k=ks)
    found |= metric("maj_at_k").compute(answers=answers, correct=right, k=[k for k in ks if k > 1])
    return metrics | {f"eval/{name}": float(value) for name, value in found.items()}, rows


def refuse_masked(share: float, limit: float, where: str) -> None:
    """Raises InfrastructureError above the limit, and where no verdict is there at all."""
    if share > limit or share == 1:
        raise InfrastructureError(
            f"{where}: {share:.0%} of the verdicts are missing because the verifier's machinery failed, more than "
            f"reward.max_masked = {limit:.0%}; the outcomes in completions.jsonl.gz and `rlvr-bench doctor` tell more"
        )


def _judged_rows(samples: Samples, tokenizer: Any, items: list[Item], judge: Judge, step: int) -> list[dict[str, Any]]:
    group = len(samples.group_ids) // len(items)
    owners = [item for item in items for _ in range(group)]
    completions = decode_completions(tokenizer, samples)
    verdicts = judge(completions, [item.target for item in owners]).true
    return [
        completion_row(step, *each, sandbox=judge.sandbox) for each in zip(owners, completions, verdicts, strict=True)
    ]


def completion_row(
    step: int, item: Item, completion: str, verdict: Any, *, sandbox: str | None = None
) -> dict[str, Any]:
    """One line of completions.jsonl.gz; `sandbox` is the tier that the completion's code ran in."""
    return {
        "step": step,
        "item": item.id,
        "prompt": item.prompt,
        "target": item.target,
        "completion": completion,
        "reward": verdict.reward,
        "outcome": verdict.outcome,
        "detail": verdict.detail,
        **({"meta": item.meta} if item.meta else {}),
        **({} if sandbox is None else {"sandbox": sandbox}),
    }


def _by_item(values: list[Any], samples: int) -> list[list[Any]]:
    return [values[i : i + samples] for i in range(0, len(values), samples)]
