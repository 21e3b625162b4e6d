"""`rlvr-bench run`: a suite, then its comparison and report."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from rlvr_bench.harness.commands import report
from rlvr_bench.harness.commands.display import run_with_display
from rlvr_bench.harness.commands.folders import check_writable, fresh_folder
from rlvr_bench.harness.config.suite_file import RunPlan, load_suite, plan
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import only_writer
from rlvr_bench.harness.runs.executors import open_executor
from rlvr_bench.harness.runs.launch import two_nodes
from rlvr_bench.harness.runs.planned import check_kind, manifest, prepare_folder
from rlvr_bench.harness.runs.preflight import preflight
from rlvr_bench.harness.state.stop import Ended, raising


def run(
    suite: str,
    *,
    out: Path | None = None,
    parts: Sequence[str] = (),
    overrides: Sequence[str] = (),
    resume: bool = False,
    dry: bool = False,
    unsafe: bool = False,
    seeds: int | None = None,
    jobs: int | None = None,
    devices: str | None = None,
    executor: str = "local",
    executor_set: Sequence[str] = (),
) -> int:
    """Run a suite and write its report; returns how many runs did not complete.

    Raises:
        ConfigError: the suite, its settings or the folder cannot be used.
        Locked: another process writes to the folder.
        SandboxUnavailable: a task runs code, and no tier of the sandbox works here.
        Ended: a signal came; every run in progress has been stopped, and saved where it saves.
    """
    if resume and out is None:
        raise ConfigError(["--resume: give --out, the folder to go on in"])
    gpus = _gpus(devices)
    _check_executor(executor, executor_set, jobs=jobs, devices=devices)
    loaded = load_suite(suite)
    planned = plan(loaded, overrides=overrides, dry=dry, parts=parts, unsafe=unsafe, seeds=seeds)
    inputs = preflight((run.config for run in planned), print, here=executor == "local")
    planned = [replace(run, inputs=found) for run, found in zip(planned, inputs, strict=True)]
    if dry:
        _print_two_nodes(planned)
    out = out or fresh_folder(loaded.name + ("-dry" if dry else ""))
    options = {"seeds": seeds, "jobs": jobs, "devices": devices, "executor": None if executor == "local" else executor}
    command = _command(suite, parts, overrides, executor_set, options, dry=dry, unsafe=unsafe)
    about = manifest(loaded, planned, command=command, version=version("rlvr-bench"))
    check_writable(out)
    where = None if executor == "local" else open_executor(executor, out, executor_set)
    check_kind(out, resume=resume)  # before a lock is left in a folder that is not ours
    out.mkdir(parents=True, exist_ok=True)
    try:
        with only_writer(out), raising():
            prepare_folder(out, about, resume=resume)
            incomplete = run_with_display(out, planned, jobs=jobs, devices=gpus, executor=where)
            report.report(out)
    except Ended as ended:
        more = f"{command} --out {shlex.quote(str(out))} --resume"
        raise Ended(ended.status - 128, f"interrupted; go on with: {more}") from None
    return incomplete


def _print_two_nodes(planned: Sequence[RunPlan]) -> None:
    """How a cell of several processes is started on two nodes: its settings in a file, a folder that both share."""
    for cell, processes in dict.fromkeys((run.cell, run.config.launch.processes) for run in planned):
        if processes > 1:
            command = ["rlvr-bench", "train", f"{cell}.toml", "--out", f"/shared/{cell}"]
            print(f"{cell} with its settings in {cell}.toml, on each of two nodes:")
            print(f"  {two_nodes(command, processes, cell)}")


def _gpus(devices: str | None) -> tuple[str, ...]:
    """`0,1` as ("0", "1")."""
    if devices is None:
        return ()
    names = [name.strip() for name in devices.split(",")]
    if "" in names or len(set(names)) < len(names):
        raise ConfigError([f"--devices {devices}: expected GPUs, each once, as in 0,1"])
    return tuple(names)


def _check_executor(name: str, settings: Sequence[str], *, jobs: int | None, devices: str | None) -> None:
    """Options of this machine are not for a scheduler, and the other way round."""
    if name == "local" and settings:
        raise ConfigError(["--executor-set: is for --executor slurm or ray; this machine has --jobs and --devices"])
    given = [option for option, value in (("--jobs", jobs), ("--devices", devices)) if value is not None]
    if name != "local" and given:
        raise ConfigError(
            [f"{', '.join(given)}: of this machine only; --executor {name} places the runs (see --executor-set)"]
        )


def _command(
    suite: str,
    parts: Sequence[str],
    overrides: Sequence[str],
    executor_set: Sequence[str],
    options: Mapping[str, object],
    *,
    dry: bool,
    unsafe: bool,
) -> str:
    """The command line that makes this results folder again."""
    words = ["rlvr-bench", "run", suite, *(["--dry"] if dry else [])]
    words += [word for name in parts for word in ("--part", name)]
    words += [word for text in overrides for word in ("--set", text)]
    words += ["--unsafe-no-sandbox"] if unsafe else []
    words += [word for name, value in options.items() if value is not None for word in (f"--{name}", str(value))]
    words += [word for text in executor_set for word in ("--executor-set", text)]
    return shlex.join(words)
