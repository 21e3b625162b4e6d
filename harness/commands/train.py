"""`rlvr-bench train`: one configuration, here or in several processes; what it starts from is made in others before."""

from __future__ import annotations

import copy
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rlvr_bench.harness.commands.accuracy import described
from rlvr_bench.harness.commands.display import train_display, waiting
from rlvr_bench.harness.commands.folders import check_writable, fresh_folder
from rlvr_bench.harness.config.load import config_record, load_run
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines.deepspeed.start import is_one_of_several
from rlvr_bench.harness.errors import ConfigError
from rlvr_bench.harness.records import (
    EvaluationCounts,
    Summary,
    canonical_json,
    only_writer,
    read_evaluations,
    read_json,
    write_json,
)
from rlvr_bench.harness.runs.children import run_jobs
from rlvr_bench.harness.runs.jobs import Job
from rlvr_bench.harness.runs.launch import two_nodes
from rlvr_bench.harness.runs.preflight import preflight
from rlvr_bench.harness.runs.prepare import prepare
from rlvr_bench.harness.runs.process import LAST, MODULE, accompany, run_here
from rlvr_bench.harness.runs.slots import alone
from rlvr_bench.harness.state.identity import differing
from rlvr_bench.harness.state.stop import Ended, raising


def train(
    config: Path,
    *,
    out: Path | None = None,
    overrides: Sequence[str] = (),
    resume: bool = False,
    unsafe: bool = False,
    dry: bool = False,
) -> bool:
    """Train and say how it ended; returns whether it completed.

    Args:
        dry: check the settings and the data, start nothing, and print how two nodes would start it.
    Raises:
        ConfigError: the settings or the folder cannot be used.
        SandboxUnavailable: the task runs code, and no tier of the sandbox works here.
        Ended: a signal came; the run is saved and can go on.
    """
    if dry:
        _check(config, out, overrides, unsafe=unsafe)
        return True
    resolved = load_run(config, overrides, unsafe=unsafe)
    folder = out or fresh_folder(config.stem)
    if resume and out is None:
        raise ConfigError(["--resume: give --out, the run to go on with"])
    check_writable(folder)
    _check_kind(folder, resume=resume)
    several = resolved.train.engine.name == "deepspeed"
    if several and is_one_of_several():
        if out is None:
            raise ConfigError(["--out: give the folder of the run, which all nodes share"])
        if os.environ["RANK"] != "0":
            return accompany(folder, resolved, keep_last=True) == "completed"
    (inputs,) = preflight([resolved], print)
    about = config_record(resolved, inputs)
    folder.mkdir(parents=True, exist_ok=True)
    with only_writer(folder):
        _check_kind(folder, resume=resume)
        if resume and (done := _check_settings(folder, about)):
            print(done)
            return True
        with raising(), waiting("making what the run starts from"):
            prepare([resolved], alone(), notice=print)
        write_json(folder / "config.json", about)
        ended: tuple[Summary, int] | None = None
        if not several or is_one_of_several():
            with train_display(folder, resolved.train.steps):
                ended = run_here(folder, resume=resume, keep_last=True, locked=True)
    if ended is None:
        with train_display(folder, resolved.train.steps):
            ended = _in_processes(folder, resolved, resume=resume)
    summary, stopped = ended
    if stopped:
        again = shlex.join(_again(config, overrides, folder, unsafe=unsafe, resume=True))
        saved = f"go on with: {again}" if resolved.train.checkpoint_every else "nothing is saved (checkpoint_every = 0)"
        raise Ended(stopped, f"interrupted at step {summary.steps_done}; {saved}")
    print(f"{summary.status}{': ' if summary.reason else ''}{summary.reason}  {folder}")
    print(accuracies(folder))
    return summary.status == "completed"


def _check(config: Path, out: Path | None, overrides: Sequence[str], *, unsafe: bool) -> None:
    """Settings and data; prints what two nodes would start the run with."""
    resolved = load_run(config, overrides, unsafe=unsafe)
    preflight([resolved], print)
    processes = resolved.launch.processes
    print(f"{config} can run, in {processes} process{'es' if processes > 1 else ''}")
    if processes > 1:
        command = _again(config, overrides, out or Path("/shared") / config.stem, unsafe=unsafe, resume=False)
        print(f"on two nodes, on each:\n{two_nodes(command, processes, config.stem)}")


def _in_processes(folder: Path, config: RunConfig, *, resume: bool) -> tuple[Summary, int]:
    """The run in processes of its own, whose chatter goes to run.log; how it ended, and the signal that ended it."""
    arguments = [str(folder), "", "", "resume" if resume else "new", LAST]
    job = Job("run", MODULE, arguments, folder / "run.log", threads=config.compute.threads)
    try:
        with raising():
            (ending,) = run_jobs([job], alone())
        stopped, why = max(0, ending.code - 128), ending.last_line
    except Ended as ended:
        stopped, why = ended.status - 128, ""
    summary = Summary.from_json(read_json(folder / "summary.json"))
    if summary.status == "running":
        summary = replace(summary, status="failed", reason=why)
    return summary, stopped


def _again(config: Path, overrides: Sequence[str], folder: Path, *, unsafe: bool, resume: bool) -> list[str]:
    """The command line that begins or goes on."""
    words = ["rlvr-bench", "train", str(config), *(word for text in overrides for word in ("--set", text))]
    words += ["--unsafe-no-sandbox"] if unsafe else []
    return [*words, "--out", str(folder), *(["--resume"] if resume else [])]


def accuracies(folder: Path) -> str:
    """Greedy accuracy and pass@1 before and after, with their intervals over the items."""
    found = read_evaluations(folder / "evaluations.jsonl.gz")
    return "\n".join(f"{name:<12} {described(counts)}" for name, counts in _ends(found))


def _ends(found: list[EvaluationCounts]) -> list[tuple[str, EvaluationCounts]]:
    if not found:
        return []
    return [("base model", found[0]), *([(f"step {found[-1].step}", found[-1])] if len(found) > 1 else [])]


def _check_kind(folder: Path, *, resume: bool) -> None:
    """Raises ConfigError where the folder is not what `resume` says: a run's, or nothing."""
    if (folder / "suite.json").exists():
        raise ConfigError([f"{folder}: holds a suite's results; choose another --out"])
    there = (folder / "config.json").exists()
    if there and not resume:
        raise ConfigError([f"{folder}: holds a run already; add --resume to go on, or choose another --out"])
    if not there and resume:
        raise ConfigError([f"{folder}: there is no run to resume; leave --resume out to begin one there"])


def _check_settings(folder: Path, about: Mapping[str, Any]) -> str:
    """What to say of a run that has nothing left to do; "" if it may go on.  Raises ConfigError where it may not."""
    there = read_json(folder / "config.json")
    if names := differing(there.get("inputs", {}), about["inputs"]):
        raise ConfigError(
            [f"{folder}: since the run began, this changed: {', '.join(names)}; put it back, or choose another --out"]
        )
    now = copy.deepcopy(about["config"])
    steps = [config["train"].pop("steps") for config in (there["config"], now)]
    for config in (there["config"], now):
        config.pop("launch", None)  # a checkpoint opens in any number of processes
    if canonical_json(there["config"]) != canonical_json(now) or steps[1] < steps[0]:
        raise ConfigError(
            [f"{folder}: holds a run with other settings; resume it with its own (it may take more steps)"]
        )
    path = folder / "summary.json"
    ended = read_json(path)["status"] if path.exists() else "killed"
    return f"{ended} before; nothing is left to do  {folder}" if ended == "completed" and steps[0] == steps[1] else ""
