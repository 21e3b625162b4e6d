"""What the base models of a part can do before any reinforcement: the lines that every curve is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from rlvr_bench.harness.records import PartInfo, SampledCounts
from rlvr_bench.reports.load import Study


@dataclass(frozen=True)
class BaseLines:
    """Means over the part's base models, all shares in [0, 1]."""

    greedy: float
    sampled: Mapping[float, float]  # pass@1 by temperature, in order
    best_sampled: float  # at the best temperature of those
    items: int  # that each base model was measured on
    models: int = 1  # base models
    many: Mapping[int, float] | None = None  # pass@k by k, of many samples of the first few items
    ceiling: float | None = None  # greedy accuracy of the model that learned from right demonstrations only


def base_lines(study: Study, part: PartInfo) -> BaseLines | None:
    """None where no base model of the part was measured."""
    measured = study.bases.get(part.name, ())
    if not measured:
        return None
    by_temperature: dict[float, list[float]] = {}
    by_k: dict[int, list[float]] = {}
    for base in measured:
        for counts in base.temperatures:
            by_temperature.setdefault(counts.temperature, []).append(_pass_1(counts))
        for k, value in base.many.pass_at.items():
            by_k.setdefault(int(k), []).append(value)
    sampled = {t: fmean(by_temperature[t]) for t in sorted(by_temperature)}
    greedy = fmean(base.greedy_accuracy for base in measured)
    ceilings = [base.ceiling_accuracy for base in measured if base.ceiling_accuracy is not None]
    return BaseLines(
        greedy=greedy,
        sampled=sampled,
        best_sampled=max(sampled.values(), default=greedy),
        ceiling=fmean(ceilings) if ceilings else None,
        items=min(base.items for base in measured),
        models=len(measured),
        many={k: fmean(by_k[k]) for k in sorted(by_k)},
    )


def _pass_1(counts: SampledCounts) -> float:
    known = [right for right in counts.right if right is not None]
    return fmean(known) / counts.samples if known else 0.0
