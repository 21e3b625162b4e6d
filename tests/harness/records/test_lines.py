"""Lines of JSON, of which a killed run may tear the last."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path

import pytest

from rlvr_bench.harness.records import (
    EvaluationCounts,
    RecordError,
    append_completions,
    append_evaluation,
    append_line,
    append_metrics,
    count_metrics,
    drop_evaluations_after,
    drop_lines_after,
    read_completions,
    read_evaluations,
    read_metrics,
)


def test_metrics_are_strict_json_and_name_what_is_not_finite(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    append_metrics(path, 1, {"b": math.nan, "a": 1.5, "c": -math.inf, "d": None, "n": 3})
    (line,) = path.read_text().splitlines()
    expected = {"step": 1, "a": 1.5, "b": None, "c": None, "d": None, "n": 3, "not_finite": ["b", "c"]}
    assert json.loads(line, parse_constant=pytest.fail) == expected
    assert read_metrics(path) == [expected]


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for step in (1, 2):
        append_metrics(path, step, {"a": step})
    whole = path.read_bytes()
    second = len(whole.splitlines()[0]) + 1
    for end in range(second, len(whole) - 1):
        path.write_bytes(whole[:end])
        assert read_metrics(path) == [{"step": 1, "a": 1}]
    assert read_metrics(tmp_path / "none.jsonl") == []


def test_a_broken_line_elsewhere_is_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step": \n{"step": 3}\n')
    with pytest.raises(RecordError, match=r"metrics\.jsonl:2: not JSON"):
        read_metrics(path)


def test_completions_are_appended_and_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "completions.jsonl.gz"
    assert list(read_completions(path)) == []
    rows = [{"step": i, "completion": "ä\n\u2028"} for i in range(3)]
    append_completions(path, rows[:1])
    append_completions(path, rows[1:])
    assert list(read_completions(path)) == rows


def test_completions_stop_at_a_torn_tail_also_when_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "completions.jsonl.gz"
    first, second = {"step": 1, "completion": "a" * 50}, {"step": 2, "completion": "b" * 50}
    append_completions(path, [first])
    start = len(path.read_bytes())
    append_completions(path, [second])
    whole = path.read_bytes()
    for end in range(start, len(whole)):
        path.write_bytes(whole[:end])
        assert list(read_completions(path)) in ([first], [first, second])
        append_completions(path, [second])
        assert next(iter(read_completions(path))) == first
        assert all(row in (first, second) for row in read_completions(path))


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        append_completions(tmp_path / name, [{"b": 1, "a": 2}])
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def test_metrics_lines_are_counted_without_reading_them(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert count_metrics(path) == 0
    for step in range(3):
        append_metrics(path, step, {"cost/seconds": 1.0})
    assert count_metrics(path) == 3


def evaluation(step: int) -> EvaluationCounts:
    return EvaluationCounts(step, "test", 4, 0.7, right=(4, None, 0), greedy=(1, 0, None), first=0)


def test_an_evaluation_is_one_member_with_one_line_of_json(tmp_path: Path) -> None:
    path = tmp_path / "evaluations.jsonl.gz"
    append_evaluation(path, evaluation(0))
    one = len(path.read_bytes())
    append_evaluation(path, evaluation(1))
    members = path.read_bytes()[:one], path.read_bytes()[one:]
    first, second = (json.loads(gzip.decompress(member)) for member in members)
    expected = {"split": "test", "samples": 4, "temperature": 0.7, "right": [4, None, 0], "greedy": [1, 0, None]}
    assert first == {"step": 0, "first": 0, **expected}
    assert second == {"step": 1, "first": 0, **expected}
    assert read_evaluations(path) == [evaluation(0), evaluation(1)]
    assert read_evaluations(tmp_path / "none.gz") == []


def test_evaluations_stop_at_a_torn_tail_and_go_on_behind_it_once_it_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "evaluations.jsonl.gz"
    append_evaluation(path, evaluation(0))
    start = len(path.read_bytes())
    append_evaluation(path, evaluation(1))
    whole = path.read_bytes()
    for end in range(start, len(whole)):
        path.write_bytes(whole[:end])
        assert read_evaluations(path) in ([evaluation(0)], [evaluation(0), evaluation(1)])
        drop_evaluations_after(path, 0)
        append_evaluation(path, evaluation(1))
        assert read_evaluations(path) == [evaluation(0), evaluation(1)]


def test_evaluations_of_steps_that_are_done_again_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "evaluations.jsonl.gz"
    drop_evaluations_after(path, 3)
    assert not path.exists()
    for step in (0, 3, 5):
        append_evaluation(path, evaluation(step))
    drop_evaluations_after(path, 3)
    assert read_evaluations(path) == [evaluation(0), evaluation(3)]


def test_lines_of_steps_that_are_done_again_are_dropped_with_a_torn_tail(tmp_path: Path) -> None:
    path = tmp_path / "ladder.jsonl"
    drop_lines_after(path, 3)
    assert not path.exists()
    for step in (0, 3, 5):
        append_line(path, {"step": step})
    with path.open("a") as file:
        file.write('{"step": 6, "ru')
    drop_lines_after(path, 3)
    assert path.read_text() == '{"step": 0}\n{"step": 3}\n'
