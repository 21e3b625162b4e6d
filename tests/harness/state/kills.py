"""A run in a forked process that kills itself at a chosen point, and what is left of a run when it is done.

A point is the moment before or after one write, fsync, rename or removal that a run does, or an edge of a phase.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.load import config_hash
from rlvr_bench.harness.config.schema import RunConfig
from rlvr_bench.harness.engines import state_files
from rlvr_bench.harness.meters.recorder import Recorder
from rlvr_bench.harness.records import disk, read_json, write_json
from rlvr_bench.harness.runs.process import run_here
from rlvr_bench.harness.state import checkpoint
from tests.harness.small_runs import metrics

WRITES = ((disk, "write_whole"), (disk, "append"), (disk, "cut"), (disk, "sync"), (disk, "rename"), (disk, "_write"))


class Points:
    """Counts the points that are passed, and kills the process at one of them.

    Args:
        last: its number, from 1; 0 is never.
    """

    def __init__(self, last: int) -> None:
        self.passed, self.last = 0, last

    def passes(self) -> None:
        """One more."""
        self.passed += 1
        if self.passed == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """The function with a point before and one after."""

        @wraps(call)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.passes()
            result = call(*args, **kwargs)
            self.passes()
            return result

        return wrapped


def prepared(folder: Path, config: RunConfig) -> Path:
    """A run folder as `train` makes it."""
    folder.mkdir(parents=True)
    settle(folder, config)
    return folder


def settle(folder: Path, config: RunConfig) -> None:
    """Write what the run is to do, in place of what it was."""
    write_json(folder / "config.json", {"hash": config_hash(config), "config": config.to_dict(), "inputs": {}})


def run_with(folder: Path, points: Points, *, resume: bool) -> None:
    """The run in this process, its points watched."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in WRITES:
            patch.setattr(module, name, points.watched(getattr(module, name)))
        patch.setattr(state_files, "save_states", points.watched(state_files.save_states))
        patch.setattr(shutil, "rmtree", points.watched(shutil.rmtree))
        for edge in ("begin", "end"):
            patch.setattr(EdgeMeter, edge, lambda self, phase: points.passes())
        patch.setattr(Recorder, "__init__", _with_edges(Recorder.__init__))
        run_here(folder, resume=resume)


class EdgeMeter:
    """A meter that only marks the edges of phases."""

    def __enter__(self) -> EdgeMeter:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def reset(self) -> None:
        """Nothing to reset."""

    def begin(self, phase: str) -> None:
        """Replaced."""

    def end(self, phase: str) -> None:
        """Replaced."""

    def row(self) -> dict[str, Any]:
        """No metrics."""
        return {}


def _with_edges(init: Callable[..., None]) -> Callable[..., None]:
    @wraps(init)
    def started(self: Recorder, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        self._meters = (*self._meters, EdgeMeter())

    return started


def killed_at(folder: Path, point: int, *, resume: bool = False) -> bool:
    """Run in a process of its own; whether it was killed at the point before its end."""
    pid = os.fork()
    if pid == 0:
        sys.stderr = sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - until the process ends
        try:
            run_with(folder, Points(point), resume=resume)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def left(folder: Path) -> dict[str, Any]:
    """What must be the same however often the run was killed: parameters, optimizers, records but for times."""
    found = checkpoint.required(folder)
    states = {
        f"{path.parent.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(found.folder.glob("*/*"))
    }
    names = ("evaluations.jsonl.gz", "completions.jsonl.gz", "ladder.jsonl", "values.jsonl.gz", "many.jsonl.gz")
    files = {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}
    summary = read_json(folder / "summary.json")
    return {"step": found.step, "states": states, "files": files, "metrics": metrics(folder), "end": summary["status"]}
