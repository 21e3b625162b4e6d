"""How many completions of each item were right: what every accuracy and its intervals can be computed from again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rlvr_bench.harness.records.run import SCHEMA

ItemCounts = tuple[int | None, ...]  # by item; None where a verdict is missing


@dataclass(frozen=True)
class EvaluationCounts:
    """One evaluation of a run: one line of evaluations.jsonl.gz.

    pass@1 is the mean of right / samples over the items that are not None, pass@k the mean of
    1 - C(samples - right, k) / C(samples, k), greedy accuracy the mean of `greedy`.  Majority votes and lengths need
    the completions and cannot be computed from it.
    """

    step: int
    split: str  # test or validation
    samples: int  # sampled completions of each item
    temperature: float
    right: ItemCounts  # 0 to samples
    greedy: ItemCounts  # 0 or 1
    first: int = 0  # index in the split of the first item; the others follow it

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> EvaluationCounts:
        return cls(**{**data, "right": tuple(data["right"]), "greedy": tuple(data["greedy"])})


@dataclass(frozen=True)
class SampledCounts:
    """Sampled completions of the first items of a split, at one temperature.

    pass@k can be computed from it again, maj@k cannot.
    """

    temperature: float
    samples: int  # completions of each item
    right: ItemCounts  # 0 to samples
    pass_at: Mapping[str, float]  # unbiased pass@k by k, over the items that are not None
    maj_at: Mapping[str, float] = field(default_factory=dict)  # maj@k by k, likewise; empty where it was not asked for

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SampledCounts:
        return cls(**{**data, "right": tuple(data["right"])})


@dataclass(frozen=True)
class ManySamples:
    """Many completions of each test item by one policy: one line of many.jsonl.gz."""

    step: int
    choice: tuple[SampledCounts, ...]  # on the split `validation`, a temperature each; none where there was no choice
    test: SampledCounts  # on the split `test`, at the temperature with the highest pass@k, k = samples of the choice

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ManySamples:
        choice = tuple(SampledCounts.from_json(one) for one in data["choice"])
        return cls(data["step"], choice, SampledCounts.from_json(data["test"]))


@dataclass(frozen=True)
class BaseMeasurement:
    """What a base model can do before any reinforcement: one base-<hash>.json."""

    hash: str  # of what it depends on
    cells: tuple[str, ...]  # of the part, those that start from it
    settings: Mapping[str, Any]  # model, task, warm start, lengths: what the hash is made from
    split: str
    items: int  # greedy, and sampled at each temperature
    greedy: ItemCounts  # 0 or 1
    greedy_accuracy: float
    temperatures: tuple[SampledCounts, ...]  # pass@1 at each
    many: SampledCounts  # many samples of the first few items, for pass@k
    seconds: float  # wall clock of the measurement, loading of the model left out
    ceiling: ItemCounts | None = None  # 0 or 1, greedy: the model that learned from right demonstrations only
    ceiling_accuracy: float | None = None
    drawn: ManySamples | None = None  # as of the policies that start from it (`measure.many_items`)
    schema: int = SCHEMA

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BaseMeasurement:
        data = dict(data)
        data["ceiling"] = tuple(data["ceiling"]) if data.get("ceiling") else None
        data["cells"], data["greedy"] = tuple(data["cells"]), tuple(data["greedy"])
        data["temperatures"] = tuple(SampledCounts.from_json(one) for one in data["temperatures"])
        data["drawn"] = ManySamples.from_json(data["drawn"]) if data.get("drawn") else None
        data["many"] = SampledCounts.from_json(data["many"])
        return cls(**data)
