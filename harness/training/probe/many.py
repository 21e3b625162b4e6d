"""A policy as it is, asked many times: pass@k and maj@k up to large k, at the temperature that serves it best.

Which temperature is best differs from policy to policy: training makes a policy surer, so that at one temperature for
all it would be held against its base model at less variety.  So each is given several on the split `validation`, the
one with the highest pass@k is kept, and only then are the test items asked.  The record has all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.records import ManySamples, SampledCounts
from rlvr_bench.harness.rollout.text import encode_prompts
from rlvr_bench.harness.rollout.types import RolloutEngine, SamplingParams
from rlvr_bench.harness.seeding import derive_seed
from rlvr_bench.harness.tasks.prompts import first_items
from rlvr_bench.harness.tasks.types import Split, Task
from rlvr_bench.harness.training.evaluate import graded_rows, maj_at, pass_at, refuse_masked, right_of
from rlvr_bench.harness.training.grader import Grader


def powers_of_two(most: int) -> list[int]:
    """1, 2, 4, ... up to `most`."""
    return [2**i for i in range(most.bit_length())]


def measure_many(
    config: RunConfig, task: Task, grader: Grader, tokenizer: Any, sampler: RolloutEngine, *, step: int, seed: int
) -> ManySamples:
    """Choose a temperature on `validation`, then sample the test items with it.

    Args:
        step: of the policy; 0 is the base model.
        seed: of the sampling: that of the run, and one for all of a base model, which no run has for itself.
    Raises:
        VerifierFailed: the share of missing verdicts exceeds `reward.max_masked`.
        TaskError: the task has no item in one of the splits.
    """
    m = config.measure

    def ask(split: Split, samples: int, temperature: float, ks: Sequence[int]) -> SampledCounts:
        r = config.rollout
        items = first_items(task, split, m.many_items)
        prompts = encode_prompts(tokenizer, [item.prompt for item in items], config)
        params = SamplingParams(samples, r.max_tokens, r.min_tokens, temperature)
        drawn = sampler.generate(prompts, params, derive_seed(seed, "many", split, step, temperature))
        rows = graded_rows(drawn, tokenizer, items, grader, step)
        missing = fmean(float(row["reward"] is None) for row in rows)
        refuse_masked(missing, config.reward.max_masked, f"many samples at step {step}")
        right = right_of(rows, samples)
        passed, voted = pass_at(right, samples, ks), maj_at(rows, task, samples, ks)
        return SampledCounts(temperature, samples, right, _by_text(passed), _by_text(voted))

    most = m.many_choice_samples
    temperature, *others = m.many_temperatures
    choice = tuple(ask("validation", most, t, [most]) for t in m.many_temperatures) if others else ()
    if choice:
        temperature = max(choice, key=lambda one: one.pass_at[str(most)]).temperature
    return ManySamples(step, choice, ask("test", m.many_samples, temperature, powers_of_two(m.many_samples)))


def _by_text(values: dict[int, float]) -> dict[str, float]:
    return {str(k): value for k, value in values.items()}
