"""A signal ends a run after the step it is in; a second one ends it at once.  A run whose parent is gone ends too."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGTERM, signal.SIGINT)
ASK_SECONDS = 0.5


class Stop:
    """`with Stop() as stop:`, and `stop.signal` is the number of the signal that came, or 0.

    Only in the main thread; in another one signals are left as they are.
    """

    def __init__(self) -> None:
        self.signal = 0
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
            os._exit(128 + number)
        self.signal = number


class Interrupted(Exception):
    """A signal ended the run between two steps.

    Attributes:
        signal: its number.
    """

    def __init__(self, number: int, step: int) -> None:
        super().__init__(f"{signal.Signals(number).name} after step {step}")
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
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(ASK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="end with parent").start()
