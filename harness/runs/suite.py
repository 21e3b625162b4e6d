"""Runs a suite: every run in a fresh process; failures are recorded, never fatal."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rlvr_bench.harness.config.load import config_hash
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.config.suite_file import RunPlan, SuiteFile
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import (
    CellInfo,
    PartInfo,
    PlannedRun,
    RecordError,
    Status,
    SuiteManifest,
    Summary,
    count_metrics,
    hypotheses_hash,
    read_json,
    write_json,
)
from rlvr_bench.harness.runs import slots
from rlvr_bench.harness.runs.base_models import measure_base_models
from rlvr_bench.harness.runs.children import Ending, Job, run_jobs
from rlvr_bench.harness.runs.prepare import Notice, prepare
from rlvr_bench.harness.runs.process import now

UNSAFE_NOTE = "Untrusted code ran without a sandbox (--unsafe-no-sandbox)."
FINAL: tuple[Status, ...] = ("completed", "diverged", "oom")  # results; anything else is run again by --resume
Watch = Callable[[Sequence[tuple[RunPlan, int]]], None]  # called with the runs in progress and the steps they have done


@dataclass(frozen=True)
class RunEnd:
    """How a run ended, for the progress display."""

    run: RunPlan
    status: Status
    reason: str
    seconds: float
    skipped: bool


def manifest(suite: SuiteFile, planned: Sequence[RunPlan], *, command: str, version: str) -> SuiteManifest:
    """What is about to be run."""
    parts = list(dict.fromkeys(run.part for run in planned))
    seeds = {p: tuple(dict.fromkeys(r.config.seed for r in planned if r.part == p)) for p in parts}
    cells = dict.fromkeys(r.cell for r in planned)
    hypotheses = tuple(h.record() for h in suite.hypotheses if h.part in parts)
    return SuiteManifest(
        name=suite.name,
        title=suite.title,
        command=command,
        version=version,
        created_at=now(),
        parts=tuple(PartInfo(p, suite.parts[p].kind, suite.parts[p].title, seeds[p]) for p in parts),
        cells=tuple(CellInfo(name, cell.label, cell.search) for name, cell in suite.cells.items() if name in cells),
        runs=tuple(PlannedRun(r.part, r.cell, r.config.seed, r.folder, config_hash(r.config)) for r in planned),
        hypotheses=hypotheses,
        hypotheses_hash=hypotheses_hash(hypotheses),
        notes=(*suite.notes, *([UNSAFE_NOTE] if any(_unsafe(r.config) for r in planned) else [])),
    )


def _unsafe(config: RunConfig) -> bool:
    return bool(config.task.options.get("unsafe_no_sandbox"))


def prepare_folder(out: Path, planned: SuiteManifest, *, resume: bool) -> None:
    """Write suite.json, or check that a folder to be resumed is of the same suite.

    Raises:
        ConfigError: the folder holds another suite's runs, or runs at all without `resume`, or other hypotheses.
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
        if there.hypotheses_hash != planned.hypotheses_hash:
            raise ConfigError(
                [
                    f"{out}: was planned with other hypotheses than the suite file has now; they cannot change once "
                    "runs are made: restore them, or choose another --out"
                ]
            )
        return
    if out.exists() and any(out.iterdir()):
        raise ConfigError([f"{out}: is not empty and not a results folder; choose another --out"])
    out.mkdir(parents=True, exist_ok=True)
    write_json(path, planned)


def run_suite(
    out: Path,
    planned: Sequence[RunPlan],
    *,
    jobs: int | None = None,
    devices: Sequence[str] = (),
    watch: Watch,
    done: Callable[[RunEnd], None],
    notice: Notice = lambda line: None,
) -> None:
    """Run what is not finished yet, in the order of the plan.

    Runs of a part that has the machine to itself follow one another; those of other parts are placed side by side.

    Args:
        jobs: runs side by side; by default one a core, or one a GPU of `devices`.
        devices: GPUs, as CUDA_VISIBLE_DEVICES names them.
        notice: called with a line for a person.
    """
    shared = slots.side_by_side(jobs, devices)
    todo = []
    for run in planned:
        summary = _summary(out / run.folder)
        if summary is None or summary.status not in FINAL:
            todo.append(run)
        else:
            done(RunEnd(run, summary.status, summary.reason, summary.wall_seconds, skipped=True))
    prepare([run.config for run in todo], shared, notice=notice)
    measure_base_models(out, planned, shared, notice=notice)
    for alone, runs in itertools.groupby(todo, key=lambda run: run.alone):
        work = [_job(out, run) for run in runs]
        where = slots.alone(devices) if alone else shared
        for ending in run_jobs(work, where, watch=partial(_watch, out, watch)):
            summary = _summary_of(out, ending)
            done(RunEnd(ending.job.name, summary.status, summary.reason, ending.seconds, skipped=False))


def _watch(out: Path, watch: Watch, running: Sequence[Job]) -> None:
    watch([(job.name, _steps_done(out, job.name)) for job in running])


def _job(out: Path, run: RunPlan) -> Job:
    folder = out / run.folder
    return Job(
        run,
        "rlvr_bench.harness.runs.process",
        [str(folder), run.part, run.cell],
        folder / "run.log",
        threads=run.config.compute.threads,
        timeout_s=run.timeout_s,
        before=partial(_make_folder, folder, run),
    )


def _make_folder(folder: Path, run: RunPlan) -> None:
    """Keep what an unfinished earlier try left, under another name, and begin anew."""
    if folder.exists():
        tries = sum(1 for other in folder.parent.glob(f"{folder.name}.try-*") if other.is_dir())
        folder.rename(folder.with_name(f"{folder.name}.try-{tries + 1}"))
    folder.mkdir(parents=True)
    write_json(folder / "config.json", {"hash": config_hash(run.config), "config": run.config.to_dict()})


def _summary_of(out: Path, ending: Ending) -> Summary:
    """What the run wrote, or what can be said of one that died before it could."""
    run: RunPlan = ending.job.name
    folder = out / run.folder
    summary = _summary(folder)
    if summary is not None and summary.status != "running":
        return summary
    status, reason = _how_it_died(ending)
    summary = Summary(
        status,
        reason,
        run.part,
        run.cell,
        run.config.seed,
        config_hash(run.config),
        summary.started_at if summary else now(),
        ending.seconds,
        _steps_done(out, run),
    )
    write_json(folder / "summary.json", summary)
    return summary


def _how_it_died(ending: Ending) -> tuple[Status, str]:
    if ending.timed_out:
        return "timeout", f"not done after {ending.job.timeout_s / 60:.0f} minutes, the part's timeout_minutes"
    if ending.code < 0:
        hint = "; if nobody sent it, the system ran out of memory" if ending.code == -9 else ""
        return "killed", f"ended by signal {-ending.code}{hint}"
    return "failed", f"exit status {ending.code} without a summary; see run.log"


def _steps_done(out: Path, run: RunPlan) -> int:
    return count_metrics(out / run.folder / "metrics.jsonl")


def _summary(folder: Path) -> Summary | None:
    try:
        return Summary.from_json(read_json(folder / "summary.json"))
    except RecordError:
        return None
