"""Held-out accuracy: pass@1 sampled and greedy, unbiased pass@k, maj@k."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from rlvr_bench.harness.accuracy.estimators import mean_maj_at_k, mean_pass_at_k
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.rollout.text import decode_completions, encode_prompts
from rlvr_bench.harness.rollout.types import RolloutEngine, Samples, SamplingParams
from rlvr_bench.harness.seeding import derive_seed
from rlvr_bench.harness.tasks.prompts import first_items
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


def evaluate(
    sampler: RolloutEngine, tokenizer: Any, task: Task, grader: Grader, config: RunConfig, *, step: int
) -> tuple[dict[str, float], list[CompletionRow]]:
    """eval/* metrics, and the rows of the sampled completions for the record.

    The items are the first of the test split; the sampler's seed depends on the run's seed and the step,
    never on the algorithm.  An item with a completion whose verdict is missing is left out, and counted.

    Raises:
        VerifierFailed: the share of missing verdicts exceeds `reward.max_masked`.
    """
    c, r = config.evaluate, config.rollout
    items = first_items(task, "test", c.items)
    prompts = encode_prompts(tokenizer, [item.prompt for item in items], config)
    seed = derive_seed(config.seed, "evaluate", step)
    sampled = SamplingParams(c.samples, r.max_tokens, r.min_tokens, r.temperature)
    samples = sampler.generate(prompts, sampled, seed)
    rows = _graded_rows(samples, tokenizer, items, grader, step)
    greedy = sampler.generate(prompts, replace(sampled, group_size=1, greedy=True), seed)
    greedy_rows = _graded_rows(greedy, tokenizer, items, grader, step)

    masked = fmean(float(row["reward"] is None) for row in [*rows, *greedy_rows])
    refuse_masked(masked, config.reward.max_masked, f"evaluation at step {step}")
    metrics = {
        "eval/masked_fraction": masked,
        "eval/greedy": fmean(float(row["outcome"] == "pass") for row in greedy_rows if row["reward"] is not None),
        "eval/length_mean": float(samples.response_mask.sum(1).float().mean()),
        "eval/truncated_fraction": float(samples.truncated.float().mean()),
    }
    return metrics | _over_items(rows, task, c.samples, sorted({1, *c.k})), rows


def _over_items(rows: Sequence[CompletionRow], task: Task, samples: int, ks: Sequence[int]) -> dict[str, float]:
    """pass@k and maj@k over the items without a missing verdict."""
    items = [rows[i : i + samples] for i in range(0, len(rows), samples)]
    whole = [item for item in items if all(row["reward"] is not None for row in item)]
    right = [[row["outcome"] == "pass" for row in item] for item in whole]
    answers = [[task.answer(row["completion"]) or None for row in item] for item in whole]
    found = {f"eval/pass@{k}": mean_pass_at_k([[float(r) for r in item] for item in right], k) for k in ks}
    return found | {f"eval/maj@{k}": mean_maj_at_k(answers, right, k) for k in ks if k > 1}


def refuse_masked(share: float, limit: float, where: str) -> None:
    """Raises VerifierFailed above the limit, and where there is no verdict at all."""
    if share > limit or share == 1:
        raise VerifierFailed(
            f"{where}: {share:.0%} of the verdicts are missing because the verifier failed, more than "
            f"reward.max_masked = {limit:.0%}; see the outcomes in completions.jsonl.gz, and run `rlvr-bench doctor`"
        )


def _graded_rows(
    samples: Samples, tokenizer: Any, items: Sequence[Item], grader: Grader, step: int
) -> list[CompletionRow]:
    group = len(samples.group_ids) // len(items)
    owners = [item for item in items for _ in range(group)]
    completions = decode_completions(tokenizer, samples)
    verdicts = grader(completions, [item.target for item in owners]).true
    return [
        completion_row(step, *each, sandbox=grader.sandbox) for each in zip(owners, completions, verdicts, strict=True)
    ]


def completion_row(
    step: int, item: Item, completion: str, verdict: Verdict, *, sandbox: str | None = None
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
    }
