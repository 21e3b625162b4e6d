"""The schema of a results folder, and the only way it is written and read.  No torch.

    <results>/suite.json                          what was planned: parts, cells, seeds, folders, hashes
    <results>/<part>/<cell>/seed-<n>/             one run:
        config.json             {"hash", "config"}: the resolved configuration
        environment.json        hardware, drivers, versions, threads
        metrics.jsonl           one strict-JSON object a step; step 0 is the evaluation before training
        completions.jsonl.gz    a sample of what the model wrote, with verdicts
        summary.json            how it ended, models and their bytes, sources of the measurements

JSON files are written whole to a temporary file and renamed; JSONL files are append-only.  NaN and
infinities, which JSON does not have, are written as null, and the line's "not_finite" list
names such metrics, so that a run that diverged differs from one without the value.
"""

from __future__ import annotations

import gzip
import json
import math
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from rlvr_bench.harness.errors import UserError

SCHEMA = 1

Phase = Literal["rollout", "reward", "score", "update_actor", "update_critic", "evaluate", "checkpoint"]
PHASES: tuple[str, ...] = get_args(Phase)
Status = Literal["running", "completed", "diverged", "oom", "killed", "timeout", "failed"]
# Phases that do not count as cost of a step: the experimenter chooses how often to evaluate and to save.
LEFT_OUT: tuple[Phase, ...] = ("evaluate", "checkpoint")
# NVML; the resident set, sampled; the resident set, its true peak in each phase.
DeviceSource = Literal["nvml", "rss", "rss_peak"]
MetricsRow = dict[str, float | int | None]  # one line of metrics.jsonl, without its step


class RecordError(UserError):
    """A results folder that cannot be read; names the file, the place and the remedy."""


@dataclass(frozen=True)
class RoleStates:
    """Exact bytes of one model's states, by walking its tensors."""

    parameters: int
    trained: bool
    weights: int
    gradients: int
    optimizer: int
    buffers: int

    @property
    def total(self) -> int:
        return self.weights + self.gradients + self.optimizer + self.buffers


@dataclass(frozen=True)
class MemorySources:
    """Which layers of memory measurement this run had; a missing one says why."""

    device: DeviceSource | None
    device_reason: str
    device_baseline_bytes: int | None  # before any model was built
    allocator: Literal["cuda"] | None
    allocator_reason: str
    energy: Literal["nvml"] | None
    energy_reason: str
    workers: Literal["rss"] | None = None  # processes that the run started, counted apart
    workers_reason: str = "not recorded"


@dataclass(frozen=True)
class Summary:
    """How a run ended, and facts about it."""

    status: Status
    reason: str
    part: str
    cell: str
    seed: int
    config_hash: str
    started_at: str  # UTC, ISO 8601
    wall_seconds: float
    steps_done: int
    roles: Mapping[str, RoleStates] = field(default_factory=dict)
    memory: MemorySources | None = None
    reward_model: Mapping[str, Any] = field(default_factory=dict)  # pairs, held_out_accuracy, ...
    warm_start: Mapping[str, Any] = field(default_factory=dict)  # steps, sampled pass@1
    algorithm: Mapping[str, Any] = field(default_factory=dict)  # roles, needs, actor_scored
    verifier: Mapping[str, Any] = field(default_factory=dict)  # sandbox: tier, where code was run; retries
    schema: int = SCHEMA

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Summary:
        data = dict(data)
        data["roles"] = {role: RoleStates(**states) for role, states in data["roles"].items()}
        data["memory"] = MemorySources(**data["memory"]) if data["memory"] else None
        return cls(**data)


@dataclass(frozen=True)
class PlannedRun:
    """A cell with a seed, and where its records are."""

    part: str
    cell: str
    seed: int
    folder: str  # relative to the results folder
    config_hash: str


@dataclass(frozen=True)
class PartInfo:
    """A part of a suite: what is studied in it."""

    name: str
    kind: Literal["learning", "systems"]
    title: str
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class CellInfo:
    """A configuration, as reports call it."""

    name: str
    label: str


@dataclass(frozen=True)
class SuiteManifest:
    """What a results folder was planned to hold."""

    name: str
    title: str
    command: str  # regenerates this folder
    version: str  # of rlvr-bench
    created_at: str
    parts: tuple[PartInfo, ...]
    cells: tuple[CellInfo, ...]
    runs: tuple[PlannedRun, ...]  # in the order in which they were run
    notes: tuple[str, ...] = ()  # what the suite's author says about it, shown on the page
    schema: int = SCHEMA

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> SuiteManifest:
        data = dict(data)
        data["parts"] = tuple(PartInfo(**{**p, "seeds": tuple(p["seeds"])}) for p in data["parts"])
        data["cells"] = tuple(CellInfo(**c) for c in data["cells"])
        data["runs"] = tuple(PlannedRun(**r) for r in data["runs"])
        data["notes"] = tuple(data["notes"])
        return cls(**data)


def canonical_json(value: Any) -> str:
    """One text for one value, from which hashes are made: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def write_json(path: Path, value: Any) -> None:
    """Write atomically: a reader sees the old file or the new one, never a part.  Dataclasses become objects."""
    if hasattr(value, "__dataclass_fields__"):
        value = asdict(value)
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def read_json(path: Path) -> Any:
    """The value in a file.  Raises RecordError where it is missing or is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordError(f"{path}: no such file; is {path.parent} a results folder?") from None
    except json.JSONDecodeError as error:
        raise RecordError(f"{path}:{error.lineno}: not JSON ({error.msg}); restore it or do the run again") from None


def append_metrics(path: Path, step: int, metrics: Mapping[str, float | int | None]) -> None:
    """Append one line.  The line is written by a single call, so a killed run leaves at most one torn tail."""
    bad = sorted(k for k, v in metrics.items() if v is not None and not math.isfinite(v))
    line: dict[str, Any] = {"step": step} | {k: None if k in bad else v for k, v in sorted(metrics.items())}
    if bad:
        line["not_finite"] = bad
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, allow_nan=False) + "\n")


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


def append_completions(path: Path, rows: list[dict[str, Any]]) -> None:
    """Append rows {step, prompt, completion, target, reward, outcome, detail, ...} as one gzip member."""
    with path.open("ab") as raw, gzip.GzipFile(filename="", mode="ab", fileobj=raw, mtime=0) as file:
        for row in rows:
            text = json.dumps(row, ensure_ascii=False, sort_keys=True)
            file.write((text + "\n").encode("utf-8", "backslashreplace"))  # JSON's own escape for a lone surrogate


def read_completions(path: Path) -> Iterator[dict[str, Any]]:
    """Rows in the order of writing; stops at a torn tail."""
    if not path.exists():
        return
    with gzip.open(path, "rt", encoding="utf-8") as file:
        try:
            for line in file:
                yield json.loads(line)
        except (EOFError, gzip.BadGzipFile, zlib.error, ValueError):  # all that a torn file can raise
            return
