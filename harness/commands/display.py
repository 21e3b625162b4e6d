"""What a suite or a run shows while it works: a bar on a terminal, a line a cell elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from rlvr_bench.harness.config.suite_file import PlannedCell
from rlvr_bench.harness.runs.suite import Ended, run_suite


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def run_with_display(out: Path, planned: list[PlannedCell]) -> int:
    """Run the cells; returns how many did not complete."""
    console = Console(stderr=True, highlight=False)
    console.print(f"{len(planned)} runs -> {out}", soft_wrap=True)
    broken = 0
    with _progress(console) as progress:
        total = progress.add_task("suite", total=len(planned))
        current = progress.add_task("", total=None)

        def watch(cell: PlannedCell, lines: int) -> None:
            description = f"{cell.folder}" if lines else f"{cell.folder} (loading, warm start)"
            progress.update(current, description=description, total=cell.config.train.steps, completed=lines)

        def done(ended: Ended) -> None:
            nonlocal broken
            broken += ended.status != "completed"
            how = "finished before" if ended.skipped else f"{ended.seconds:.0f} s"
            reason = f": {ended.reason}" if ended.reason else ""
            console.print(f"{ended.status:<9} {ended.cell.folder}  {how}{reason}", soft_wrap=True)
            progress.advance(total)

        run_suite(out, planned, watch=watch, done=done)
    return broken


@contextmanager
def train_display(folder: Path, steps: int) -> Iterator[None]:
    """A bar that follows the lines of metrics.jsonl from a thread, while the run has the main one."""
    console = Console(stderr=True)
    path, stop = folder / "metrics.jsonl", threading.Event()
    with _progress(console) as progress:
        task = progress.add_task("train", total=steps)

        def follow() -> None:
            while not stop.wait(0.5):
                progress.update(task, completed=path.read_bytes().count(b"\n") if path.exists() else 0)

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        begin = time.monotonic()
        try:
            yield
        finally:
            stop.set()
            thread.join()
    console.print(f"{time.monotonic() - begin:.1f} s")
