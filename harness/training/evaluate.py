"""Held-out accuracy: pass@1 sampled and greedy, unbiased pass@k, maj@k."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import torch

from rlvr_bench.harness.accuracy.estimators import mean_maj_at_k, pass_at_k
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.processes import Processes
from rlvr_bench.harness.records import EvaluationCounts, ItemCounts
from rlvr_bench.harness.rollout.text import decode_completions, encode_prompts
from rlvr_bench.harness.rollout.types import RolloutEngine, Samples, SamplingParams
from rlvr_bench.harness.seeding import derive_seed
from rlvr_bench.harness.tasks.prompts import first_items
from rlvr_bench.harness.tasks.self_checks import check_metrics
from rlvr_bench.harness.tasks.types import Item, Task
from rlvr_bench.harness.training.grader import Grader
from rlvr_bench.rewards.types import Verdict

CompletionRow = dict[str, Any]  # one line of completions.jsonl.gz


class VerifierFailed(RuntimeError):
    """Too many verdicts are missing because the verifier failed: what is left would be biased.

    Attributes:
        row: the metrics of the step in which it happened, as far as there are any.
        completions: those of the step, for the record.
    """

    def __init__(
        self, message: str, row: Mapping[str, Any] | None = None, completions: Sequence[CompletionRow] = ()
    ) -> None:
        super().__init__(message)
        self.row, self.completions = dict(row or {}), list(completions)


@dataclass(frozen=True)
class Evaluation:
    """What one evaluation found."""

    metrics: dict[str, float | None]  # eval/*
    rows: list[CompletionRow]  # the sampled completions
    counts: EvaluationCounts  # from which pass@k and greedy accuracy can be computed again


def evaluate(
    sampler: RolloutEngine,
    tokenizer: Any,
    task: Task,
    grader: Grader,
    config: RunConfig,
    *,
    step: int,
    processes: Processes | None = None,
) -> Evaluation:
    """Held-out accuracy, sampled and greedy.

    The items are the first of the split, more of them before and after training where `evaluate.final_items` says so;
    the sampler's seed depends on the run's seed and the step, never on the algorithm.  An item with a completion whose
    verdict is missing is left out, and counted.

    Args:
        processes: among which the items are dealt; each has the whole evaluation after.
    Raises:
        VerifierFailed: the share of missing verdicts exceeds `reward.max_masked`.
        TaskError: the task has no item in the split.
    """
    c, r, processes = config.evaluate, config.rollout, processes or Processes()
    ends = step in (0, config.train.steps)
    items = first_items(task, c.split, c.final_items if ends and c.final_items else c.items)
    begin, end = processes.share(len(items))
    own = items[begin:end]
    prompts = encode_prompts(tokenizer, [item.prompt for item in own], config)
    seed = derive_seed(config.seed, "evaluate", step)
    sampled = SamplingParams(c.samples, r.max_tokens, r.min_tokens, r.temperature, first=begin)
    samples = sampler.generate(prompts, sampled, seed)
    rows = graded_rows(samples, tokenizer, own, grader, step)
    greedy = sampler.generate(prompts, replace(sampled, group_size=1, greedy=True), seed)
    greedy_rows = graded_rows(greedy, tokenizer, own, grader, step)
    rows, greedy_rows = (_all(processes, found) for found in (rows, greedy_rows))
    lengths, truncated = (_all(processes, t.tolist()) for t in (samples.response_mask.sum(1), samples.truncated))

    masked = fmean(float(row["reward"] is None) for row in [*rows, *greedy_rows])
    refuse_masked(masked, config.reward.max_masked, f"evaluation at step {step}")
    right = right_of(rows, c.samples)
    firsts = right_of(greedy_rows, 1)
    verdicts = [None if row["reward"] is None else row["outcome"] == "pass" for row in rows]
    metrics: dict[str, float | None] = {
        "eval/items": float(len(items)),
        "eval/masked_fraction": masked,
        "eval/greedy": pass_at(firsts, 1, [1])[1],
        "eval/length_mean": float(torch.tensor(lengths).float().mean()),
        "eval/length_correct_mean": _mean_length(lengths, verdicts, of=True),
        "eval/length_wrong_mean": _mean_length(lengths, verdicts, of=False),
        "eval/truncated_fraction": float(torch.tensor(truncated).float().mean()),
    }
    metrics |= check_metrics(task, [row["completion"] for row in rows], verdicts, prefix="eval")
    ks = sorted({1, *c.k})
    metrics |= {f"eval/pass@{k}": value for k, value in pass_at(right, c.samples, ks).items()}
    metrics |= {f"eval/maj@{k}": value for k, value in maj_at(rows, task, c.samples, ks).items() if k > 1}
    return Evaluation(metrics, rows, EvaluationCounts(step, c.split, c.samples, r.temperature, right, firsts))


def _mean_length(lengths: Sequence[int], verdicts: Sequence[bool | None], *, of: bool) -> float | None:
    """Of the completions that are right, or wrong."""
    found = [length for length, right in zip(lengths, verdicts, strict=True) if right is of]
    return fmean(found) if found else None


def _all(processes: Processes, own: list[Any]) -> list[Any]:
    """What all have, in the order of the items."""
    return [one for part in processes.all(own) for one in part]


def right_of(rows: Sequence[CompletionRow], samples: int) -> ItemCounts:
    """Right completions of each item, whose `samples` rows follow one another; None where a verdict is missing."""
    return tuple(
        sum(row["outcome"] == "pass" for row in item) if _is_whole(item) else None for item in _by_item(rows, samples)
    )


def _by_item(rows: Sequence[CompletionRow], samples: int) -> list[Sequence[CompletionRow]]:
    return [rows[i : i + samples] for i in range(0, len(rows), samples)]


def _is_whole(item: Sequence[CompletionRow]) -> bool:
    """Whether all of its verdicts are there."""
    return all(row["reward"] is not None for row in item)


def pass_at(right: ItemCounts, samples: int, ks: Sequence[int]) -> dict[int, float]:
    """Unbiased pass@k by k, over the items without a missing verdict.

    Raises:
        VerifierFailed: there is no such item.
    """
    whole = [count for count in right if count is not None]
    if not whole:
        raise VerifierFailed("no item has all of its verdicts because the verifier failed; run `rlvr-bench doctor`")
    return {k: fmean(pass_at_k(samples, count, k) for count in whole) for k in ks}


def maj_at(rows: Sequence[CompletionRow], task: Task, samples: int, ks: Sequence[int]) -> dict[int, float]:
    """maj@k by k, over the items without a missing verdict."""
    whole = [item for item in _by_item(rows, samples) if _is_whole(item)]
    right = [[row["outcome"] == "pass" for row in item] for item in whole]
    answers = [[task.answer(row["completion"]) or None for row in item] for item in whole]
    return {k: mean_maj_at_k(answers, right, k) for k in ks}


def refuse_masked(share: float, limit: float, where: str) -> None:
    """Raises VerifierFailed above the limit, and where there is no verdict at all."""
    if share > limit or share == 1:
        raise VerifierFailed(
            f"{where}: {share:.0%} of the verdicts are missing because the verifier failed, more than "
            f"reward.max_masked = {limit:.0%}; see the outcomes in completions.jsonl.gz, and run `rlvr-bench doctor`"
        )


def graded_rows(
    samples: Samples, tokenizer: Any, items: Sequence[Item], grader: Grader, step: int
) -> list[CompletionRow]:
    """One row a completion, with its verdict."""
    group = len(samples.group_ids) // len(items)
    owners = [item for item in items for _ in range(group)]
    completions = decode_completions(tokenizer, samples)
    verdicts = grader(completions, [item.target for item in owners]).true
    return completion_rows(step, owners, completions, grader, verdicts)


def completion_rows(
    step: int, owners: Sequence[Item], completions: Sequence[str], grader: Grader, verdicts: Sequence[Verdict]
) -> list[CompletionRow]:
    """One row a completion, of the item that it belongs to."""
    return [
        completion_row(step, *each, sandbox=grader.sandbox, fault=grader.fault(*each))
        for each in zip(owners, completions, verdicts, strict=True)
    ]


def completion_row(
    step: int,
    item: Item,
    completion: str,
    verdict: Verdict,
    *,
    sandbox: str | None = None,
    fault: str | None = None,
) -> CompletionRow:
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
        **({} if fault is None else {"fault": fault}),
    }
