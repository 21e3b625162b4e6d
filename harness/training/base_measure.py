"""What a base model can do before any reinforcement: greedily, at several temperatures, and with many tries."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from rlvr_bench.harness.config import plugins
from rlvr_bench.harness.config.load import build
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.models.base import pick_device
from rlvr_bench.harness.records import BaseMeasurement, ItemCounts, ManySamples, SampledCounts, hash_of
from rlvr_bench.harness.rollout import rollout_engine
from rlvr_bench.harness.rollout.long_prompts import choice_of, fitting
from rlvr_bench.harness.rollout.text import encode_prompts
from rlvr_bench.harness.rollout.types import SamplingParams
from rlvr_bench.harness.seeding import derive_seed
from rlvr_bench.harness.state.identity import base_inputs
from rlvr_bench.harness.tasks.prompts import first_items
from rlvr_bench.harness.tasks.types import Item, Split, Task
from rlvr_bench.harness.training.evaluate import graded_rows, pass_at, refuse_masked, right_of
from rlvr_bench.harness.training.grader import Grader
from rlvr_bench.harness.training.probe.many import measure_many, powers_of_two
from rlvr_bench.harness.training.warm_start import base_model, ceiling_config, warm_start_key

TEMPERATURES = (0.25, 0.5, 0.75, 1.0, 1.25)
MANY_TEMPERATURE = 1.0
SPLIT: Split = "test"


def settings_of(config: RunConfig, inputs: Mapping[str, str]) -> dict[str, Any]:
    """What a measurement depends on; nothing of the algorithm or of the run's seed is in it.

    Args:
        inputs: `base_inputs` of the run.
    """
    rollout, measure = config.rollout, asdict(config.measure)
    return {
        **warm_start_key(config, inputs),
        "sampling": [rollout.min_tokens, rollout.max_tokens],
        **choice_of(config),
        "measure": {
            name: value
            for name, value in measure.items()
            if name.startswith("base_") or (config.measure.many_items and name.startswith("many_"))
        },
    }


def measure_base(config: RunConfig, cells: Sequence[str]) -> BaseMeasurement:
    """Sample and grade the model that the runs of this configuration start from.

    Args:
        cells: those that start from it, for the record.
    Raises:
        VerifierFailed: the share of missing verdicts exceeds `reward.max_masked`.
        TaskError: the task has no item in the split.
    """
    task = build(plugins.TASKS, config.task)
    with Grader(task, config.reward) as grader:
        base, tokenizer, _ = base_model(config, task)
        sampling = _Sampling(config, base.to(pick_device(config.model)), tokenizer, grader)
        start, m = time.monotonic(), config.measure
        items = first_items(fitting(task, tokenizer, config)[0], SPLIT, m.base_items)
        greedy = sampling.right(items, 1, 1.0, greedy=True)
        warm = tuple(sampling.counts(items, m.base_samples, t, [1]) for t in TEMPERATURES)
        few = items[: m.base_pass_items]
        many = sampling.counts(few, m.base_pass_samples, MANY_TEMPERATURE, powers_of_two(m.base_pass_samples))
        ceiling = _ceiling(config, task, items, grader) if m.base_ceiling else None
        settings = settings_of(config, base_inputs(config, task))
        return BaseMeasurement(
            hash=hash_of(settings),
            cells=tuple(cells),
            settings=settings,
            split=SPLIT,
            items=len(items),
            greedy=greedy,
            greedy_accuracy=pass_at(greedy, 1, [1])[1],
            temperatures=warm,
            many=many,
            seconds=time.monotonic() - start,
            ceiling=ceiling,
            drawn=sampling.drawn(task) if m.many_items else None,
            ceiling_accuracy=pass_at(ceiling, 1, [1])[1] if ceiling else None,
        )


def _ceiling(config: RunConfig, task: Task, items: Sequence[Item], grader: Grader) -> ItemCounts:
    """Right answers, greedily, of the model that learned from right demonstrations only."""
    base, tokenizer, _ = base_model(ceiling_config(config), task)
    return _Sampling(config, base.to(pick_device(config.model)), tokenizer, grader).right(items, 1, 1.0, greedy=True)


class _Sampling:
    """The model with its tokenizer, sampler and grader."""

    def __init__(self, config: RunConfig, base: Any, tokenizer: Any, grader: Grader) -> None:
        self.config, self.tokenizer, self.grader = config, tokenizer, grader
        self.sampler = rollout_engine(config, base, tokenizer)

    def counts(self, items: Sequence[Item], samples: int, temperature: float, ks: Sequence[int]) -> SampledCounts:
        right = self.right(items, samples, temperature)
        found = pass_at(right, samples, ks)
        return SampledCounts(temperature, samples, right, {str(k): value for k, value in found.items()})

    def drawn(self, task: Task) -> ManySamples:
        return measure_many(self.config, task, self.grader, self.tokenizer, self.sampler, step=0, seed=0)

    def right(self, items: Sequence[Item], samples: int, temperature: float, *, greedy: bool = False) -> ItemCounts:
        r = self.config.rollout
        prompts = encode_prompts(self.tokenizer, [item.prompt for item in items], self.config)
        params = SamplingParams(samples, r.max_tokens, r.min_tokens, temperature, greedy)
        found = self.sampler.generate(prompts, params, derive_seed("base model", temperature, samples))
        rows = graded_rows(found, self.tokenizer, items, self.grader, 0)
        missing = fmean(float(row["reward"] is None) for row in rows)
        refuse_masked(missing, self.config.reward.max_masked, "measuring the base model")
        return right_of(rows, samples)
