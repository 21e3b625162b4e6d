"""Policies and base models that were asked many times, with curves that are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rlvr_bench.harness.records import BaseMeasurement, ManySamples, SampledCounts

KS = (1, 2, 4, 8)


def often(
    passed: Sequence[float], voted: Sequence[float] = (0.5, 0.5, 0.5, 0.5), *, temperature: float = 0.8
) -> ManySamples:
    """pass@k and maj@k for the k of KS."""
    at, by_vote = ({str(k): v for k, v in zip(KS, values, strict=True)} for values in (passed, voted))
    return ManySamples(8, (), SampledCounts(temperature, 8, (4, 4), at, by_vote))


def base(passed: Sequence[float] | None, warm_start: Mapping[str, Any]) -> BaseMeasurement:
    """A base model of these settings."""
    one = SampledCounts(1.0, 8, (4, 4), {"1": 0.5})
    drawn = often(passed) if passed else None
    return BaseMeasurement(
        "h", ("c",), {"warm_start": warm_start}, "test", 2, (1, 0), 0.5, (one,), one, 1.0, drawn=drawn
    )
