"""The growing files of a run, together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.harness.records import (
    EvaluationCounts,
    ManySamples,
    RunLogs,
    SampledCounts,
    read_completions,
    read_evaluations,
    read_many,
    read_metrics,
)

COUNTS = EvaluationCounts(0, "test", 1, 1.0, (1,), (1,))

MANY = ManySamples(0, (), SampledCounts(0.5, 2, (0, None), {"1": 0.0}, {"1": 0.0}))


def test_all_go_back_to_their_lengths_together(tmp_path: Path) -> None:
    logs = RunLogs(tmp_path)
    logs.step(0, {"a": 1}, counts=COUNTS, completions=[{"step": 0}])
    logs.ladder({"step": 0})
    logs.values({"step": 0})
    logs.many(MANY)
    lengths = logs.lengths()
    logs.step(1, {"a": 2}, counts=COUNTS, completions=[{"step": 1}])
    logs.ladder({"step": 1})
    logs.values({"step": 1})
    logs.many(replace(MANY, step=1))
    again = RunLogs(tmp_path)
    again.cut(lengths)
    assert read_metrics(tmp_path / "metrics.jsonl") == [{"step": 0, "a": 1}]
    assert len(read_evaluations(tmp_path / "evaluations.jsonl.gz")) == 1
    assert list(read_completions(tmp_path / "completions.jsonl.gz")) == [{"step": 0}]
    assert read_metrics(tmp_path / "ladder.jsonl") == [{"step": 0}]
    assert read_metrics(tmp_path / "values.jsonl.gz") == [{"step": 0}]
    assert read_many(tmp_path / "many.jsonl.gz") == [MANY]
    assert again.lengths() == lengths
    again.cut({})
    assert set(again.lengths().values()) == {0}


def test_what_was_torn_is_told(tmp_path: Path) -> None:
    RunLogs(tmp_path).step(0, {"a": 1})
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(path.read_bytes() + b'{"st')
    assert RunLogs(tmp_path).repaired == ["metrics.jsonl: 4 bytes"]
    assert RunLogs(tmp_path).repaired == []
