"""Runs a suite: every cell in a fresh process, alone on the device; failures are recorded, never fatal."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rlvr_bench.harness.config.load import ConfigError, config_hash
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.config.suite_file import PlannedCell, SuiteFile
from rlvr_bench.harness.records import (
    CellInfo,
    PartInfo,
    PlannedRun,
    RecordError,
    Status,
    SuiteManifest,
    Summary,
    read_json,
    write_json,
)
from rlvr_bench.harness.runs.process import now

UNSAFE_NOTE = "Untrusted code ran without a sandbox (--unsafe-no-sandbox)."
FINAL: tuple[Status, ...] = ("completed", "diverged", "oom")  # results; anything else is run again by --resume
Watch = Callable[[PlannedCell, int], None]  # called while a cell runs, with the steps that it has done


@dataclass(frozen=True)
class Ended:
    """How a cell ended, for the progress display."""

    cell: PlannedCell
    status: Status
    reason: str
    seconds: float
    skipped: bool


def manifest(suite: SuiteFile, planned: list[PlannedCell], *, command: str, version: str) -> SuiteManifest:
    """What is about to be run."""
    parts = list(dict.fromkeys(cell.part for cell in planned))
    seeds = {p: tuple(dict.fromkeys(c.config.seed for c in planned if c.part == p)) for p in parts}
    cells = dict.fromkeys(c.cell for c in planned)
    return SuiteManifest(
        name=suite.name,
        title=suite.title,
        command=command,
        version=version,
        created_at=now(),
        parts=tuple(PartInfo(p, suite.parts[p].kind, suite.parts[p].title, seeds[p]) for p in parts),
        cells=tuple(CellInfo(name, cell.label) for name, cell in suite.cells.items() if name in cells),
        runs=tuple(PlannedRun(c.part, c.cell, c.config.seed, c.folder, config_hash(c.config)) for c in planned),
        notes=(*suite.notes, *([UNSAFE_NOTE] if any(_unsafe(c.config) for c in planned) else [])),
    )


def _unsafe(config: RunConfig) -> bool:
    return bool(config.task.options.get("unsafe_no_sandbox"))


def prepare_folder(out: Path, planned: SuiteManifest, *, resume: bool) -> None:
    """Write suite.json, or check that a folder to be resumed is of the same suite.

    Raises:
        ConfigError: the folder holds another suite's runs, or runs at all without `resume`.
    """
    path = out / "suite.json"
    if path.exists():
        if not resume:
            raise ConfigError([f"{out}: holds a suite already; add --resume to finish it, or choose another --out"])
        there = SuiteManifest.from_json(read_json(path))
        if there.runs != planned.runs:
            raise ConfigError(
                [f"{out}: holds other runs than this suite plans (settings differ); choose another --out"]
            )
        return
    if out.exists() and any(out.iterdir()):
        raise ConfigError([f"{out}: is not empty and not a results folder; choose another --out"])
    out.mkdir(parents=True, exist_ok=True)
    write_json(path, planned)


def run_suite(out: Path, planned: list[PlannedCell], *, watch: Watch, done: Callable[[Ended], None]) -> None:
    """Run what is not finished yet, one cell after the other."""
    for cell in planned:
        folder = out / cell.folder
        summary = _summary(folder)
        if summary is not None and summary.status in FINAL:
            done(Ended(cell, summary.status, summary.reason, summary.wall_seconds, skipped=True))
            continue
        _set_aside(folder)
        folder.mkdir(parents=True)
        write_json(folder / "config.json", {"hash": config_hash(cell.config), "config": cell.config.to_dict()})
        begin = time.monotonic()
        summary = _run_in_child(folder, cell, watch)
        done(Ended(cell, summary.status, summary.reason, time.monotonic() - begin, skipped=False))


def _run_in_child(folder: Path, cell: PlannedCell, watch: Watch) -> Summary:
    started = now()
    deadline = time.monotonic() + cell.timeout_s
    command = [sys.executable, "-P", "-m", "rlvr_bench.harness.runs.process", str(folder), cell.part, cell.cell]
    # Threads that spin while they wait for each other cost a busy machine a hundredfold; these give up soon.
    defaults = {"PYTHONHASHSEED": "0", "TOKENIZERS_PARALLELISM": "false", "GOMP_SPINCOUNT": "10000"}
    environment = defaults | os.environ
    timed_out = False
    begin = time.monotonic()
    with (folder / "run.log").open("wb") as log:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        try:
            while child.poll() is None:
                if time.monotonic() > deadline:
                    timed_out = True
                    child.kill()
                    break
                watch(cell, _steps_done(folder))
                try:
                    child.wait(timeout=0.3)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
    summary = _summary(folder)
    if summary is not None and summary.status != "running":
        return summary
    status, reason = _how_it_died(child.returncode, cell.timeout_s if timed_out else None)
    summary = Summary(
        status,
        reason,
        cell.part,
        cell.cell,
        cell.config.seed,
        config_hash(cell.config),
        started,
        time.monotonic() - begin,
        _steps_done(folder),
    )
    write_json(folder / "summary.json", summary)
    return summary


def _how_it_died(code: int, timeout_s: float | None) -> tuple[Status, str]:
    if timeout_s is not None:
        return "timeout", f"not done after {timeout_s / 60:.0f} minutes, the part's timeout_minutes"
    if code < 0:
        hint = "; if nobody sent it, the system ran out of memory" if code == -9 else ""
        return "killed", f"ended by signal {-code}{hint}"
    return "failed", f"exit status {code} without a summary; see run.log"


def _steps_done(folder: Path) -> int:
    """Lines of metrics so far; cheap enough to ask a few times a second."""
    path = folder / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _summary(folder: Path) -> Summary | None:
    try:
        return Summary.from_json(read_json(folder / "summary.json"))
    except RecordError:
        return None


def _set_aside(folder: Path) -> None:
    """Keep what an unfinished earlier try left, under another name."""
    if folder.exists():
        tries = sum(1 for other in folder.parent.glob(f"{folder.name}.try-*") if other.is_dir())
        folder.rename(folder.with_name(f"{folder.name}.try-{tries + 1}"))
