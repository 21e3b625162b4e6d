"""What a base model can do comes back as it was written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.harness.records import BaseMeasurement, ManySamples, SampledCounts, read_json, write_json


def test_base_measurement_round_trip(tmp_path: Path) -> None:
    sampled = SampledCounts(0.5, 2, (0, 2, None), {"1": 0.5, "2": 0.5})
    many = SampledCounts(1.0, 64, (3,), {"1": 3 / 64})
    settings = {"model": ["tiny:16x1", "float32"]}
    measured = BaseMeasurement("abc", ("a", "b"), settings, "test", 3, (1, None, 0), 0.5, (sampled,), many, 1.5)
    write_json(tmp_path / "base-abc.json", measured)
    assert BaseMeasurement.from_json(read_json(tmp_path / "base-abc.json")) == measured
    drawn = replace(measured, drawn=ManySamples(0, (sampled,), replace(many, maj_at={"1": 3 / 64})))
    write_json(tmp_path / "base-abc.json", drawn)
    assert BaseMeasurement.from_json(read_json(tmp_path / "base-abc.json")) == drawn
