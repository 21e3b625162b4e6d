"""A signal ends a run after the step it is in; a second one ends it at once.  A run whose parent is gone ends too."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGTERM, signal.SIGINT)
ASK_SECONDS = 0.5
PARENT = "RLVR_BENCH_PARENT"
"""Variable with the process that started this one: it may be gone before this one can ask for its parent."""


class Stop:
    """`with Stop() as stop:`, and `stop.signal` is the number of the signal that came, or 0.

    Only in the main thread; in another one signals are left as they are.

    Args:
        last_words: called before a second signal ends the process.
    """

    def __init__(self, last_words: Callable[[], object] = lambda: None) -> None:
        self.signal = 0
        self.at_once = False
        """Raise Interrupted where the signal comes: nothing that is in progress is worth finishing."""
        self._last_words = last_words
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._asked) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _asked(self, number: int, frame: FrameType | None) -> None:
        if self.signal:
            with suppress(Exception):
                self._last_words()
            os._exit(128 + number)
        self.signal = number
        if self.at_once:
            raise Interrupted(number, None)


class Interrupted(Exception):
    """A signal ended the run between two steps, or before the first.

    Attributes:
        signal: its number.
    """

    def __init__(self, number: int, step: int | None) -> None:
        when = "before the first step" if step is None else f"after step {step}"
        super().__init__(f"{signal.Signals(number).name} {when}")
        self.signal = number


class Ended(Exception):
    """A signal ended a command.

    Attributes:
        status: the exit status that the system expects then.
    """

    def __init__(self, number: int, message: str = "") -> None:
        super().__init__(message or signal.Signals(number).name)
        self.status = 128 + number


@contextmanager
def raising() -> Iterator[None]:
    """Signals raise Ended in what is inside."""

    def ended(number: int, frame: FrameType | None) -> None:
        raise Ended(number)

    before = {number: signal.signal(number, ended) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_with_parent() -> None:
    """Ask this process to stop when the one that started it is gone, however that ended."""
    parent = int(os.environ.get(PARENT) or os.getppid())

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(ASK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="end with parent").start()
