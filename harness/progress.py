"""Progress bars on standard error; where that is no terminal, a line at the end instead."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

T = TypeVar("T")


def bars(console: Console, *, in_bytes: bool = False) -> Progress:
    """Progress bars with our columns; they vanish at the end, and show nothing where the console is no terminal.

    Args:
        in_bytes: the counts are bytes, shown as kB or MB.
    """
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn() if in_bytes else MofNCompleteColumn(),
        TimeElapsedColumn(),
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
