"""The records of a run folder: strict JSON, whole files, and lines that a killed run may tear."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from rlvr_bench.harness.records import (
    CellInfo,
    MemorySources,
    PartInfo,
    PlannedRun,
    RecordError,
    RoleStates,
    SuiteManifest,
    Summary,
    append_completions,
    append_metrics,
    canonical_json,
    count_metrics,
    read_completions,
    read_json,
    read_metrics,
    write_json,
)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"old": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"new": math.nan})

    def killed(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            write_json(path, {"new": 2})
    assert read_json(path) == {"old": 1}
    write_json(path, {"new": 3})
    assert read_json(path) == {"new": 3}


@pytest.mark.parametrize(("text", "message"), [("{", r"a\.json:1: not JSON"), (None, "no such file")])
def test_a_file_that_is_no_json_is_named(text: str | None, message: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "a.json").write_text(text)
    with pytest.raises(RecordError, match=message):
        read_json(tmp_path / "a.json")


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


def test_canonical_json() -> None:
    assert canonical_json({"b": [1, 2.5], "a": "ä"}) == '{"a":"ä","b":[1,2.5]}'
    with pytest.raises(ValueError, match="JSON compliant"):
        canonical_json(math.inf)


@pytest.mark.parametrize("full", [True, False])
def test_summary_round_trip(full: bool, tmp_path: Path) -> None:
    more = {
        "roles": {"actor": RoleStates(10, True, 40, 40, 80, 0)},
        "memory": MemorySources("rss", "", 5, None, "no CUDA", None, "no NVML"),
        "reward_model": {"pairs": 3},
    }
    summary = Summary(
        "completed", "", "p", "c", 1, "abc", "2026-01-01T00:00:00+00:00", 1.5, 3, **(more if full else {})
    )
    write_json(tmp_path / "summary.json", summary)
    assert Summary.from_json(read_json(tmp_path / "summary.json")) == summary


def test_a_summary_from_before_workers_were_counted(tmp_path: Path) -> None:
    memory = MemorySources("rss", "", 5, None, "no CUDA", None, "no NVML", "rss", "all of them")
    write_json(tmp_path / "summary.json", Summary("completed", "", "p", "c", 1, "abc", "", 1.5, 3, memory=memory))
    data = read_json(tmp_path / "summary.json")
    del data["memory"]["workers"], data["memory"]["workers_reason"]
    found = Summary.from_json(data).memory
    assert found is not None and (found.device, found.workers, found.workers_reason) == ("rss", None, "not recorded")


def test_manifest_round_trip(tmp_path: Path) -> None:
    planned = (PlannedRun("p", "c", 2, "p/c/seed-2", "abc"),)
    parts = (PartInfo("p", "learning", "P", (2, 1)),)
    suite = SuiteManifest("n", "t", "cmd", "0", "now", parts, (CellInfo("c", "C"),), planned, ("note",))
    write_json(tmp_path / "suite.json", suite)
    assert SuiteManifest.from_json(read_json(tmp_path / "suite.json")) == suite


def test_metrics_lines_are_counted_without_reading_them(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    assert count_metrics(path) == 0
    for step in range(3):
        append_metrics(path, step, {"cost/seconds": 1.0})
    assert count_metrics(path) == 3
