"""What a suite or a run shows while it works: bars on a terminal, elsewhere a line for each run that ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TaskID

from rlvr_bench.harness.config.suite_file import RunPlan
from rlvr_bench.harness.progress import bars
from rlvr_bench.harness.records import count_metrics
from rlvr_bench.harness.runs.suite import RunEnd, run_suite

FOLLOW_SECONDS = 0.5


class SuiteDisplay:
    """A bar for the suite, one for each run in progress, and a line for each run that ended.

    Args:
        runs: how many the suite has.
    """

    def __init__(self, console: Console, progress: Progress, runs: int) -> None:
        self.incomplete = 0
        """Runs that ended otherwise than completed."""
        self._console, self._progress = console, progress
        self._suite = progress.add_task("suite", total=runs)
        self._bars: dict[str, TaskID] = {}

    def watch(self, running: Sequence[tuple[RunPlan, int]]) -> None:
        """Show the runs in progress, each with the steps that it has done, and no others."""
        for folder in self._bars.keys() - {run.folder for run, _ in running}:
            self._progress.remove_task(self._bars.pop(folder))
        for run, steps in running:
            total = run.config.train.steps
            description = run.folder if steps else f"{run.folder} (loading)"
            if run.folder not in self._bars:
                self._bars[run.folder] = self._progress.add_task(description, total=total)
            # The evaluation before training is a line of the records too, so there can be one more than steps.
            self._progress.update(self._bars[run.folder], description=description, completed=min(steps, total))

    def done(self, end: RunEnd) -> None:
        """Say how a run ended."""
        self.incomplete += end.status != "completed"
        how = "finished before" if end.skipped else f"{end.seconds:.0f} s"
        reason = f": {end.reason}" if end.reason else ""
        self._say(f"{end.status:<9} {end.run.folder}  {how}{reason}")
        self._progress.advance(self._suite)

    def notice(self, line: str) -> None:
        """Say what happens besides the runs."""
        self._say(line)

    def _say(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, markup=False)


def run_with_display(
    out: Path, planned: Sequence[RunPlan], *, jobs: int | None = None, devices: Sequence[str] = ()
) -> int:
    """Run them; returns how many did not complete.  For `jobs` and `devices` see `run_suite`."""
    console = Console(stderr=True, highlight=False)
    console.print(f"{len(planned)} runs -> {out}", soft_wrap=True, markup=False)
    with bars(console) as progress:
        show = SuiteDisplay(console, progress, len(planned))
        run_suite(out, planned, jobs=jobs, devices=devices, watch=show.watch, done=show.done, notice=show.notice)
    return show.incomplete


@contextmanager
def train_display(folder: Path, steps: int) -> Iterator[None]:
    """A bar that follows the lines of metrics.jsonl from a thread while the run has the main one."""
    console = Console(stderr=True, highlight=False)
    path, stop = folder / "metrics.jsonl", threading.Event()
    begin = time.monotonic()
    with bars(console) as progress:
        task = progress.add_task("train", total=steps)

        def follow() -> None:
            while not stop.wait(FOLLOW_SECONDS):
                progress.update(task, completed=min(count_metrics(path), steps))

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
    console.print(f"{time.monotonic() - begin:.1f} s")
