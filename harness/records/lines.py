"""Files of JSON lines, which grow step by step; a run that is killed leaves at most one torn tail."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rlvr_bench.harness.records.counts import EvaluationCounts
from rlvr_bench.harness.records.files import RecordError


def append_metrics(path: Path, step: int, metrics: Mapping[str, float | int | None]) -> None:
    """Append one line.  The line is written by a single call, so a killed run leaves at most one torn tail."""
    bad = sorted(k for k, v in metrics.items() if v is not None and not math.isfinite(v))
    line: dict[str, Any] = {"step": step} | {k: None if k in bad else v for k, v in sorted(metrics.items())}
    if bad:
        line["not_finite"] = bad
    append_line(path, line)


def append_line(path: Path, value: Mapping[str, Any]) -> None:
    """Append one object to a JSONL file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(value, allow_nan=False) + "\n")


def count_metrics(path: Path) -> int:
    """Lines so far, 0 without a file; cheap enough to ask a few times a second."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """All whole lines, in order; a torn last line (a run killed while writing) is left out.

    Raises RecordError for a broken line anywhere else.
    """
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            if number == len(lines):
                break
            raise RecordError(f"{path}:{number}: not JSON ({error.msg}); do the run again") from None
    return rows


def drop_lines_after(path: Path, step: int) -> None:
    """Leave out the lines of steps that a resumed run will do again, and a torn tail."""
    if not path.exists():
        return
    kept = [row for row in read_metrics(path) if row["step"] <= step]
    temporary = path.with_name(f".{path.name}")
    temporary.write_text("".join(json.dumps(row, allow_nan=False) + "\n" for row in kept), encoding="utf-8")
    temporary.replace(path)


def append_completions(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows {step, prompt, completion, target, reward, outcome, detail, ...} as one gzip member."""
    _append_member(path, rows)


def read_completions(path: Path) -> Iterator[dict[str, Any]]:
    """Rows in the order of writing; stops at a torn tail."""
    return _read_members(path)


def append_evaluation(path: Path, counts: EvaluationCounts) -> None:
    """Append one evaluation as one gzip member with one line."""
    _append_member(path, [asdict(counts)])


def read_evaluations(path: Path) -> list[EvaluationCounts]:
    """All whole evaluations in the order of writing, none without a file; stops at a torn tail."""
    return [EvaluationCounts.from_json(row) for row in _read_members(path)]


def drop_evaluations_after(path: Path, step: int) -> None:
    """Leave out those of steps that a resumed run will do again, and a torn tail, behind which nothing is read."""
    if not path.exists():
        return
    kept = [counts for counts in read_evaluations(path) if counts.step <= step]
    temporary = path.with_name(f".{path.name}")
    temporary.unlink(missing_ok=True)
    temporary.touch()
    for counts in kept:
        append_evaluation(temporary, counts)
    temporary.replace(path)


def _append_member(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("ab") as raw, gzip.GzipFile(filename="", mode="ab", fileobj=raw, mtime=0) as file:
        for row in rows:
            text = json.dumps(row, ensure_ascii=False, sort_keys=True)
            file.write((text + "\n").encode("utf-8", "backslashreplace"))  # JSON's own escape for a lone surrogate


def _read_members(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with gzip.open(path, "rt", encoding="utf-8") as file:
        try:
            for line in file:
                yield json.loads(line)
        except (EOFError, gzip.BadGzipFile, zlib.error, ValueError):  # all that a torn file can raise
            return
