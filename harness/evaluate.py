"""Held-out accuracy: pass@1 sampled and greedy, unbiased pass@k, maj@k."""

from __future__ import annotations

from functools import cache
from statistics import fmean
from typing import Any

import torch

from harness import accuracy
from harness.config import RunConfig
from harness.judge import Judge
from harness.prompts import first_items
from harness.rollout import Engine, Samples, Sampling, decode_completions
from harness.seeding import generator
from harness.tasks.types import Item, Task

metric = cache(accuracy.load)  # importing `evaluate` takes seconds: once a process


def evaluate(
    engine: Engine, tokenizer: Any, task: Task, judge: Judge, config: RunConfig, *, step: int, device: torch.device
) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """eval/* metrics, and the rows of the sampled completions for the record.

    The items are the first of the test split; the sampler's seed depends on the run's seed and the step,
    never on the algorithm.  Completions whose verdict is missing count as wrong and show in the rows.
    """
    c, r = config.evaluate, config.rollout
    items = first_items(task, "test", c.items)
    prompts = [item.prompt for item in items]
    stream = generator(device, config.seed, "evaluate", step)
    samples = engine.sample(prompts, Sampling(c.samples, r.max_tokens, r.min_tokens, r.temperature), stream)
    rows = _judged_rows(samples, tokenizer, items, judge, step)
    greedy = engine.sample(prompts, Sampling(1, r.max_tokens, r.min_tokens, greedy=True), stream)
    greedy_rows = _judged_rows(greedy, tokenizer, items, judge, step)

    rewards = _by_item([float(row["outcome"] == "pass") for row in rows], c.samples)
    answers = _by_item([task.answer(row["completion"]) or "" for row in rows], c.samples)
    ks = sorted({1, *c.k})
    metrics = {
        "eval/greedy": fmean(float(row["outcome"] == "pass") for row in greedy_rows),
        "eval/length_mean": float(samples.response_mask.sum(1).float().mean()),
        "eval/truncated_fraction": float(samples.truncated.float().mean()),
    }
    right = [[reward > 0 for reward in item] for item in rewards]
    found = metric("pass_at_k").compute(rewards=rewards, k=ks)
    found |= metric("maj_at_k").compute(answers=answers, correct=right, k=[k for k in ks if k > 1])
    return metrics | {f"eval/{name}": float(value) for name, value in found.items()}, rows


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
    } | ({} if sandbox is None else {"sandbox": sandbox})


def _by_item(values: list[Any], samples: int) -> list[list[Any]]:
    return [values[i : i + samples] for i in range(0, len(values), samples)]
