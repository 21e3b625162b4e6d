"""What a suite or a run shows while it works: bars on a terminal, elsewhere plain lines; and how each run ended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TaskID

from rlvr_bench.harness.commands.runs.latest import latest
from rlvr_bench.harness.config.suite_file import RunPlan
from rlvr_bench.harness.progress import bars, heartbeat, repeating
from rlvr_bench.harness.records import count_metrics
from rlvr_bench.harness.runs.jobs import Executor
from rlvr_bench.harness.runs.suite import RunEnd, run_suite
from rlvr_bench.harness.training.first_look import MARK

FOLLOW_SECONDS = 0.5
NAMED = 4
"""Runs in progress that a plain line names; the rest are counted."""


class SuiteDisplay:
    """A bar for the suite, one for each run in progress, and a line for each run that ended.

    Args:
        out: the results folder.
        runs: how many the suite has.
    """

    def __init__(self, console: Console, progress: Progress, out: Path, runs: int) -> None:
        self.incomplete = 0
        """Runs that ended otherwise than completed."""
        self._console, self._progress, self._out = console, progress, out
        self._runs, self._ended = runs, 0
        self._suite = progress.add_task("suite", total=runs)
        self._bars: dict[str, TaskID] = {}
        self._running: Sequence[tuple[RunPlan, int]] = ()
        self._before = "checking what is there"
        self._looked: set[str] = set()
        self._said: set[str] = set()

    def watch(self, running: Sequence[tuple[RunPlan, int]]) -> None:
        """Show the runs in progress, each with the steps that it has done, and no others."""
        self._running = running
        for folder in self._bars.keys() - {run.folder for run, _ in running}:
            self._progress.remove_task(self._bars.pop(folder))
        for run, steps in running:
            self._pass_on(run, steps)
            total = run.config.train.steps
            note = latest(self._out / run.folder).numbers if steps else "loading"
            if run.folder not in self._bars:
                self._bars[run.folder] = self._progress.add_task(run.folder, total=total)
            # The evaluation before training is a line of the records too, so there can be one more than steps.
            self._progress.update(self._bars[run.folder], note=note, completed=min(steps, total))

    def _pass_on(self, run: RunPlan, steps: int) -> None:
        """Say once what the run says of its base model, which other runs may say too."""
        if not steps or run.folder in self._looked:
            return
        self._looked.add(run.folder)
        log = self._out / run.folder / "run.log"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        for line in lines:
            if line.startswith(MARK) and line not in self._said:
                self._said.add(line)
                self._say(f"{run.folder}: {line}")

    def done(self, end: RunEnd) -> None:
        """Say how a run ended."""
        self._ended += 1
        self.incomplete += end.status != "completed"
        how = "finished before" if end.skipped else f"{end.seconds:.0f} s"
        reason = f": {end.reason}" if end.reason else ""
        self._say(f"{end.status:<9} {end.run.folder}  {how}{reason}")
        self._progress.advance(self._suite)

    def notice(self, line: str) -> None:
        """Say what happens besides the runs."""
        self._before = line
        self._say(line)

    def line(self) -> str:
        """All of it in one line: how many runs ended, and where those in progress are."""
        ended = f"{self._ended} of {self._runs} runs ended"
        running = self._running
        told = [where_it_is(self._out / run.folder, run.folder, run.config.train.steps) for run, _ in running[:NAMED]]
        more = [f"and {len(running) - NAMED} more"] if len(running) > NAMED else []
        return "; ".join([ended, *(told + more or [self._before])])

    def _say(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, markup=False)


def where_it_is(folder: Path, name: str, steps: int) -> str:
    """A run in progress, in words."""
    now = latest(folder)
    if now.step is None:
        return f"{name}: loading"
    return ", ".join(filter(None, [f"{name}: step {now.step} of {steps}", now.numbers]))


def run_with_display(
    out: Path,
    planned: Sequence[RunPlan],
    *,
    jobs: int | None = None,
    devices: Sequence[str] = (),
    executor: Executor | None = None,
) -> int:
    """Run them; returns how many did not complete.  For `jobs`, `devices` and `executor` see `run_suite`."""
    console = Console(stderr=True, highlight=False)
    console.print(f"{len(planned)} runs -> {out}", soft_wrap=True, markup=False)
    with bars(console) as progress:
        show = SuiteDisplay(console, progress, out, len(planned))
        with heartbeat(console, show.line):
            told = {"watch": show.watch, "done": show.done, "notice": show.notice}
            run_suite(out, planned, jobs=jobs, devices=devices, executor=executor, **told)
    return show.incomplete


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """What is inside takes a while and shows nothing itself."""
    console = Console(stderr=True, highlight=False)
    if console.is_terminal:
        with console.status(what):
            yield
    else:
        with heartbeat(console, lambda: what):
            yield


@contextmanager
def train_display(folder: Path, steps: int) -> Iterator[None]:
    """A bar, or plain lines, that follow metrics.jsonl from a thread while the run has the main one."""
    console = Console(stderr=True, highlight=False)
    path = folder / "metrics.jsonl"
    begin = time.monotonic()
    with bars(console) as progress, heartbeat(console, lambda: where_it_is(folder, str(folder), steps)):
        task = progress.add_task("train", total=steps)

        def follow() -> None:
            progress.update(task, note=latest(folder).numbers, completed=min(count_metrics(path), steps))

        with repeating(FOLLOW_SECONDS, follow):
            yield
    console.print(f"{time.monotonic() - begin:.1f} s")
