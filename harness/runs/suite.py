"""Runs a suite: every run in a fresh process; failures are recorded, never fatal."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rlvr_bench.harness.config.load import config_hash
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.config.suite_file import RunPlan, SuiteFile
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import (
    LOCK,
    CellInfo,
    Locked,
    PartInfo,
    PlannedRun,
    RecordError,
    Status,
    SuiteManifest,
    Summary,
    count_metrics,
    hypotheses_hash,
    is_live,
    read_json,
    write_json,
)
from rlvr_bench.harness.runs import slots
from rlvr_bench.harness.runs.base_models import measure_base_models
from rlvr_bench.harness.runs.children import Ending, Job, run_jobs
from rlvr_bench.harness.runs.prepare import Notice, prepare
from rlvr_bench.harness.runs.process import now
from rlvr_bench.harness.state import checkpoint

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
        runs=tuple(_planned(run) for run in planned),
        inputs=_inputs(planned),
        hypotheses=hypotheses,
        hypotheses_hash=hypotheses_hash(hypotheses),
        notes=(*suite.notes, *([UNSAFE_NOTE] if any(_unsafe(r.config) for r in planned) else [])),
    )


def _planned(run: RunPlan) -> PlannedRun:
    steps = run.config.train.steps
    grows = config_hash(replace(run.config, train=replace(run.config.train, steps=1)), run.inputs)
    return PlannedRun(
        run.part, run.cell, run.config.seed, run.folder, config_hash(run.config, run.inputs), steps, grows
    )


def _inputs(planned: Sequence[RunPlan]) -> dict[str, str]:
    """All that the runs depend on; what differs between parts, or between cells, has their names with it."""
    found: dict[str, str] = {}
    left = [(name, digest, run) for run in planned for name, digest in run.inputs.items()]
    for place in ("", " ({0.part})", " ({0.part}/{0.cell})"):
        digests: dict[str, set[str]] = {}
        for name, digest, run in left:
            digests.setdefault(name + place.format(run), set()).add(digest)
        found |= {name: one.pop() for name, one in digests.items() if len(one) == 1}
        left = [one for one in left if one[0] + place.format(one[2]) not in found]
    return found


def _unsafe(config: RunConfig) -> bool:
    return bool(config.task.options.get("unsafe_no_sandbox"))


def prepare_folder(out: Path, planned: SuiteManifest, *, resume: bool) -> None:
    """Write suite.json, or check that a folder to be resumed is of the same suite, which may have grown.

    Raises:
        ConfigError: the folder holds another suite's runs, or runs at all without `resume`, or other hypotheses; or
            what the runs depend on has changed; or there is nothing to resume.
    """
    path = out / "suite.json"
    if out.is_file():
        raise ConfigError([f"{out}: is a file; choose another --out"])
    if not path.exists():
        if resume:
            raise ConfigError([f"{out}: there is nothing to resume; leave --resume out to begin a study there"])
        if out.exists() and any(one.name != LOCK for one in out.iterdir()):
            raise ConfigError([f"{out}: is not empty and not a results folder; choose another --out"])
        out.mkdir(parents=True, exist_ok=True)
        write_json(path, planned)
        return
    if not resume:
        raise ConfigError([f"{out}: holds a suite already; add --resume to finish it, or choose another --out"])
    there = SuiteManifest.from_json(read_json(path))
    if names := [name for name, digest in there.inputs.items() if planned.inputs.get(name, digest) != digest]:
        raise ConfigError(
            [f"{out}: since the study began, this changed: {', '.join(names)}; put it back, or choose another --out"]
        )
    if problems := _not_grown(there, planned):
        raise ConfigError([f"{out}: {line}" for line in problems])
    if there.runs != planned.runs:
        write_json(path, replace(planned, created_at=there.created_at))


def _not_grown(there: SuiteManifest, planned: SuiteManifest) -> list[str]:
    """Why the planned suite is not the one that is there, with further seeds, cells, parts or steps."""
    if there.hypotheses_hash != planned.hypotheses_hash:
        return [
            "was planned with other hypotheses than the suite file has now; they cannot change once runs are made: "
            "restore them, or choose another --out"
        ]
    now = {run.folder: run for run in planned.runs}
    lost = [run.folder for run in there.runs if run.folder not in now]
    # Of runs that only take more steps, the hash without the number of steps is the same.
    other = [
        run.folder
        for run in there.runs
        if (new := now.get(run.folder)) is not None
        and new.config_hash != run.config_hash
        and not (run.grows_hash and new.grows_hash == run.grows_hash and new.steps > run.steps)
    ]
    return [
        f"{what}, as {folders[0]} and {len(folders) - 1} more; choose another --out"
        for what, folders in (("holds runs that are not planned any more", lost), ("holds other settings", other))
        if folders
    ]


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
        grown = summary is not None and summary.config_hash != config_hash(run.config, run.inputs)
        if summary is None or summary.status not in FINAL or grown:
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
    resume = checkpoint.latest(folder) is not None
    return Job(
        run,
        "rlvr_bench.harness.runs.process",
        [str(folder), run.part, run.cell, "resume" if resume else "new"],
        folder / "run.log",
        threads=run.config.compute.threads,
        timeout_s=run.timeout_s,
        before=partial(_write_config if resume else _make_folder, folder, run),
    )


def _make_folder(folder: Path, run: RunPlan) -> None:
    """Begin anew; what an unfinished earlier try left is kept under another name."""
    if folder.exists():
        if is_live(folder):
            raise Locked(f"{folder}: another process writes to it; wait for it to end, or end it")
        tries = sum(1 for other in folder.parent.glob(f"{folder.name}.try-*") if other.is_dir())
        folder.rename(folder.with_name(f"{folder.name}.try-{tries + 1}"))
    folder.mkdir(parents=True)
    _write_config(folder, run)


def _write_config(folder: Path, run: RunPlan) -> None:
    described = {"config": run.config.to_dict(), "hash": config_hash(run.config, run.inputs), "inputs": run.inputs}
    write_json(folder / "config.json", described)


def _summary_of(out: Path, ending: Ending) -> Summary:
    """What the run wrote, or what can be said of one that died before it could."""
    run: RunPlan = ending.job.name
    folder = out / run.folder
    summary = _summary(folder)
    if summary is not None and summary.status != "running":
        if ending.timed_out and summary.status == "killed":
            summary = replace(summary, status="timeout", reason=f"{_timeout(ending)}; {summary.reason}")
            write_json(folder / "summary.json", summary)
        return summary
    status, reason = _how_it_died(ending)
    if summary is None:
        digest = config_hash(run.config, run.inputs)
        summary = Summary(status, reason, run.part, run.cell, run.config.seed, digest, now(), 0.0, 0)
    steps, seconds = _steps_done(out, run), summary.wall_seconds + ending.seconds
    summary = replace(summary, status=status, reason=reason, wall_seconds=seconds, steps_done=steps)
    write_json(folder / "summary.json", summary)
    return summary


def _how_it_died(ending: Ending) -> tuple[Status, str]:
    if ending.timed_out:
        return "timeout", _timeout(ending)
    if ending.out_of_memory:
        return "oom", "the system killed it because there was no memory left"
    if ending.code < 0:
        return "killed", f"ended by signal {-ending.code}"
    return "failed", f"exit status {ending.code} without a summary; see run.log"


def _timeout(ending: Ending) -> str:
    return f"not done after {ending.job.timeout_s / 60:.0f} minutes, the part's timeout_minutes"


def _steps_done(out: Path, run: RunPlan) -> int:
    return count_metrics(out / run.folder / "metrics.jsonl")


def _summary(folder: Path) -> Summary | None:
    try:
        return Summary.from_json(read_json(folder / "summary.json"))
    except RecordError:
        return None
