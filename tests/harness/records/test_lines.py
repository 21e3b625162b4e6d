"""Lines of JSON with numbers and checksums: a torn tail is cut off, damage elsewhere is refused by name."""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.records import (
    EvaluationCounts,
    Log,
    RecordError,
    count_metrics,
    metrics_line,
    read_completions,
    read_evaluations,
    read_metrics,
)
from rlvr_bench.harness.records.lines import evaluation_line

NAMES = ["metrics.jsonl", "completions.jsonl.gz"]
ROWS = [{"step": i, "text": "ä\n\u2028" + "x" * i} for i in range(4)]


def filled(path: Path, rows: list[dict[str, Any]] = ROWS) -> bytes:
    log = Log(path)
    for row in rows:
        log.append([row])
    return path.read_bytes()


def read(path: Path) -> list[dict[str, Any]]:
    return list(read_completions(path))


def test_metrics_are_strict_json_and_name_what_is_not_finite(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    Log(path).append([metrics_line(1, {"b": math.nan, "a": 1.5, "c": -math.inf, "d": None, "n": 3})])
    (line,) = path.read_text().splitlines()
    expected = {"step": 1, "a": 1.5, "b": None, "c": None, "d": None, "n": 3, "not_finite": ["b", "c"]}
    written = json.loads(line, parse_constant=pytest.fail)
    assert {name: written[name] for name in expected} == expected
    assert (written["seq"], len(written["crc"])) == (1, 8)
    assert read_metrics(path) == [expected]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_appended_is_read_in_order(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    assert (read(path), read_metrics(path)) == ([], [])
    filled(path, ROWS[:2])
    Log(path).append(ROWS[2:])
    Log(path).append([])
    assert read(path) == ROWS


@pytest.mark.parametrize("name", NAMES)
def test_a_tail_torn_at_any_byte_is_left_out_and_cut_off(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    filled(path, ROWS[:3])
    start = path.stat().st_size
    whole = filled(path, ROWS[3:])
    for end in range(start, len(whole)):
        path.write_bytes(whole[:end])
        assert read(path) == ROWS[:3]
        log = Log(path)
        assert (log.torn, log.length, log.lines) == (end - start, start, 3)
        log.append([ROWS[3]])
        assert path.read_bytes() == whole


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_byte_before_the_tail_is_refused_by_number(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    whole = filled(path)
    first = len(filled(tmp_path / f"first-{name}", ROWS[:1]))
    for at in range(first):
        if name.endswith(".gz") and at in (3, 4, 5, 6, 7, 8, 9):
            continue  # flags, time and system of a gzip header: they change nothing that is read, or are refused too
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(RecordError, match=rf"{name}:? ?(block )?[12]\b"):
            read(path)


def test_a_line_that_is_gone_or_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    one, two, three, _ = filled(path).splitlines(keepends=True)
    for lines in ([one, three], [one, two, two], [two]):
        path.write_bytes(b"".join(lines))
        with pytest.raises(RecordError, match=r"metrics\.jsonl:[123]: damaged \(its number is"):
            read_metrics(path)


def test_records_from_before_there_were_checksums_are_read(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}\n{"st')
    assert read_metrics(path) == [{"step": 1}, {"step": 2}]
    path.write_text('{"step": 1}\n{"step": \n{"step": 3}\n')
    with pytest.raises(RecordError, match=r"metrics\.jsonl:2: damaged \(Expecting value"):
        read_metrics(path)


def test_going_back_to_a_length(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    log = Log(path)
    lengths = []
    for row in ROWS:
        log.append([row])
        lengths.append(log.length)
    log.cut(lengths[1])
    log.append([{"step": 9}])
    assert read_metrics(path) == [*ROWS[:2], {"step": 9}]
    with pytest.raises(RecordError, match="no record ends there now; restore the file"):
        log.cut(lengths[0] - 1)
    path.unlink()
    with pytest.raises(RecordError, match="no record ends there now"):
        Log(path).cut(lengths[0])


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    assert filled(tmp_path / "a.jsonl.gz") == filled(tmp_path / "b.jsonl.gz")


def test_lines_are_counted_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert count_metrics(path) == 0
    filled(path)
    assert count_metrics(path) == len(ROWS)


def test_a_lone_surrogate_survives(tmp_path: Path) -> None:
    """A byte-level tokenizer can decode to one."""
    path = tmp_path / "completions.jsonl.gz"
    filled(path, [{"completion": "\ud800"}])
    assert read(path) == [{"completion": "\ud800"}]
    assert gzip.decompress(path.read_bytes()).isascii()


def test_evaluations_come_back(tmp_path: Path) -> None:
    path = tmp_path / "evaluations.jsonl.gz"
    first = EvaluationCounts(0, "test", 2, 1.0, (0, 2, None), (0, 1, None))
    both = [first, replace(first, step=5)]
    assert read_evaluations(path) == []
    Log(path).append([evaluation_line(counts) for counts in both])
    assert read_evaluations(path) == both
