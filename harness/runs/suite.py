"""Runs a suite: every run in a fresh process; failures are recorded, never fatal."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rlvr_bench.harness.config.load import config_hash, config_record
from rlvr_bench.harness.config.suite_file import RunPlan
from rlvr_bench.harness.records import (
    LOCK,
    Locked,
    Status,
    Summary,
    count_metrics,
    find_summary,
    is_live,
    write_json,
)
from rlvr_bench.harness.records.disk import DiskError
from rlvr_bench.harness.runs import slots
from rlvr_bench.harness.runs.base_models import measure_base_models
from rlvr_bench.harness.runs.children import Children
from rlvr_bench.harness.runs.jobs import GRACE_SECONDS, POLL_SECONDS, Ending, Executor, Job, run_on
from rlvr_bench.harness.runs.launch import last_step
from rlvr_bench.harness.runs.prepare import Notice, prepare
from rlvr_bench.harness.runs.process import MODULE, PLAN, now
from rlvr_bench.harness.state import checkpoint

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


def run_suite(
    out: Path,
    planned: Sequence[RunPlan],
    *,
    jobs: int | None = None,
    devices: Sequence[str] = (),
    executor: Executor | None = None,
    watch: Watch,
    done: Callable[[RunEnd], None],
    notice: Notice = lambda line: None,
) -> None:
    """Run what is not finished yet, in the order of the plan.

    Here, runs of a part that has the machine to itself follow one another; those of other parts are placed side by
    side.  What several runs share is made here before, wherever they run.

    Args:
        jobs: runs side by side; by default one a core, or one a GPU of `devices`.
        devices: GPUs, as CUDA_VISIBLE_DEVICES names them.
        executor: where the runs go; processes of this machine by default.
        notice: called with a line for a person.
    """
    shared = slots.side_by_side(jobs, devices)
    todo = []
    for run in planned:
        summary = find_summary(out / run.folder)
        grown = summary is not None and summary.config_hash != config_hash(run.config, run.inputs)
        if summary is None or summary.status not in FINAL or grown:
            todo.append(run)
        else:
            done(RunEnd(run, summary.status, summary.reason, summary.wall_seconds, skipped=True))
    prepare([run.config for run in todo], shared, notice=notice)
    measure_base_models(out, planned, shared, notice=notice)
    try:
        work = [_job(out.absolute(), run) for run in todo]
        executor = executor or Children(shared, partial(slots.alone, devices))
        for ending in run_on(executor, work, partial(_watch, out, watch)):
            summary = _summary_of(out, ending)
            done(RunEnd(ending.job.name, summary.status, summary.reason, ending.seconds, skipped=False))
    finally:
        for run in todo:
            _close(out / run.folder)


def _close(folder: Path) -> None:
    """A run that was ended with its suite, before it could say so, was killed."""
    summary = find_summary(folder)
    if summary is not None and summary.status == "running" and not is_live(folder):
        with suppress(DiskError):
            reason = "ended with its suite, in the middle of a step"
            write_json(folder / "summary.json", replace(summary, status="killed", reason=reason))


def _watch(out: Path, watch: Watch, running: Sequence[Job]) -> None:
    watch([(job.name, _steps_done(out, job.name)) for job in running])


def _job(out: Path, run: RunPlan) -> Job:
    folder = out / run.folder
    resume, processes = checkpoint.latest(folder) is not None, run.config.launch.processes
    return Job(
        run,
        MODULE,
        [str(folder), run.part, run.cell, "resume" if resume else "new", *([PLAN] if run.planned else [])],
        folder / "run.log",
        threads=run.config.compute.threads,
        timeout_s=run.timeout_s,
        before=partial(_go_on if resume else _make_folder, folder, run),
        alone=run.alone or processes > 1,
        processes=processes,
        gpus={"cpu": 0, "cuda": processes, "auto": None if processes == 1 else processes}[run.config.model.device],
    )


def _wait_for(folder: Path) -> None:
    """A run whose suite was killed finishes its step before it ends.

    Raises:
        Locked: it still writes after the grace that every run has.
    """
    until = time.monotonic() + GRACE_SECONDS
    while is_live(folder):
        if time.monotonic() > until:
            raise Locked(f"{folder}: another process writes to it; wait for it to end, or end it")
        time.sleep(POLL_SECONDS)


def _make_folder(folder: Path, run: RunPlan) -> None:
    """Begin anew; what an unfinished earlier try left is kept under another name."""
    _wait_for(folder)
    if folder.exists() and any(path.name not in ("config.json", LOCK) for path in folder.iterdir()):
        tries = sum(1 for other in folder.parent.glob(f"{folder.name}.try-*") if other.is_dir())
        folder.rename(folder.with_name(f"{folder.name}.try-{tries + 1}"))
    folder.mkdir(parents=True, exist_ok=True)
    _write_config(folder, run)


def _go_on(folder: Path, run: RunPlan) -> None:
    """With the settings as they are now: the run may be longer."""
    _wait_for(folder)
    _write_config(folder, run)


def _write_config(folder: Path, run: RunPlan) -> None:
    write_json(folder / "config.json", config_record(run.config, run.inputs))


def _summary_of(out: Path, ending: Ending) -> Summary:
    """What the run wrote, or what can be said of one that died before it could."""
    run: RunPlan = ending.job.name
    folder = out / run.folder
    digest = config_hash(run.config, run.inputs)
    if ending.refused or is_live(folder):  # nothing is this suite's to write there
        reason = ending.refused or ending.last_line
        return Summary("failed", reason, run.part, run.cell, run.config.seed, digest, now(), ending.seconds, 0)
    summary = find_summary(folder)
    if summary is not None and summary.status != "running":
        if ending.timed_out and summary.status == "killed":
            summary = replace(summary, status="timeout", reason=f"{_timeout(ending)}; {summary.reason}")
            with suppress(DiskError):
                write_json(folder / "summary.json", summary)
        return summary
    status, reason = _how_it_died(ending)
    if summary is None:
        summary = Summary(status, reason, run.part, run.cell, run.config.seed, digest, now(), 0.0, 0)
    steps, seconds = last_step(folder), summary.wall_seconds + ending.seconds
    summary = replace(summary, status=status, reason=reason, wall_seconds=seconds, steps_done=steps)
    with suppress(DiskError):  # the line on the terminal says it too
        write_json(folder / "summary.json", summary)
    return summary


def _how_it_died(ending: Ending) -> tuple[Status, str]:
    if ending.lost:
        return "killed", ending.lost
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
