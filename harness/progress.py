"""Progress bars on standard error; where that is no terminal, plain lines instead."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

T = TypeVar("T")

BEAT_SECONDS = 30.0
"""Off a terminal, whoever waits hears so often."""
NARROW = 80
"""Characters of a terminal that has no room for the bar itself: counts, numbers and the time that is left stay."""
NUMBERS_WIDTH = 48
"""Characters of counts, numbers and times, and of the spaces between them."""


def bars(console: Console, *, in_bytes: bool = False) -> Progress:
    """Progress bars with our columns; they vanish at the end, and show nothing where the console is no terminal.

    A task may have a `note`, such as the reward of a run, which stays whole where a long name gives way.

    Args:
        in_bytes: the counts are bytes, shown as kB or MB.
    """
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column
    from rich.text import Text

    class NoteColumn(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(task.fields.get("note", ""))

    bar_width = 0 if console.width < NARROW else min(40, (console.width - NUMBERS_WIDTH) // 3)
    name_width = max(8, console.width - NUMBERS_WIDTH - bar_width)
    name = Column(no_wrap=True, overflow="ellipsis", max_width=name_width)
    return Progress(
        TextColumn("{task.description}", markup=False, table_column=name),
        NoteColumn(table_column=Column(no_wrap=True)),
        *([BarColumn(bar_width=bar_width)] if bar_width else []),
        DownloadColumn() if in_bytes else MofNCompleteColumn(),
        *([TimeElapsedColumn()] if bar_width else []),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def track(items: Iterable[T], description: str, total: int) -> Iterator[T]:
    """The items, with a bar while they last and a line with the time at the end."""
    from rich.console import Console

    start = time.monotonic()
    with bars(Console(stderr=True)) as progress:
        yield from progress.track(items, total=total, description=description)
    print(f"{description}: {total} in {time.monotonic() - start:.1f} s", file=sys.stderr)


@contextmanager
def heartbeat(console: Console, line: Callable[[], str]) -> Iterator[None]:
    """Off a terminal, a plain line every BEAT_SECONDS while what is inside works; on one, bars say it.

    Args:
        line: what to say now; asked from a thread.
    """
    if console.is_terminal:
        yield
        return
    began = time.monotonic()

    def beat() -> None:
        console.print(f"{time.monotonic() - began:.0f} s: {line()}", soft_wrap=True, markup=False)

    with repeating(BEAT_SECONDS, beat):
        yield


@contextmanager
def repeating(seconds: float, action: Callable[[], object]) -> Iterator[None]:
    """Call it every so many seconds, from a thread, while what is inside works."""
    stop = threading.Event()

    def repeat() -> None:
        while not stop.wait(seconds):
            action()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
