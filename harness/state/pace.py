"""When a checkpoint is taken: every so many steps, or as often as it costs little."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

SHARE = 0.01
"""Of the run's time that checkpoints may take with `auto`."""
BYTES_PER_SECOND = 200e6
"""Guess before the first one is timed: written, read for its checksum, and waited for."""


class Pace:
    """Says when one is due; `with pace.taken():` times it.

    Args:
        every: steps, or `auto`.
        size: bytes that a checkpoint has.
        last: whether the last step is saved whatever it costs.
    """

    def __init__(self, every: int | Literal["auto"], *, size: int, last: bool) -> None:
        self.every, self.last = every, last
        self.seconds = 0.0
        """All checkpoints so far."""
        self._one = size / BYTES_PER_SECOND
        self._began = time.monotonic()

    def due(self, step: int, steps: int) -> bool:
        """Whether one is taken after this step of so many."""
        if self.every == 0:
            return False
        if step == steps and (self.last or self.every != "auto"):
            return True
        if isinstance(self.every, int):
            return step % self.every == 0
        run = time.monotonic() - self._began - self.seconds
        return self.seconds + self._one <= SHARE * run

    @contextmanager
    def taken(self) -> Iterator[None]:
        begin = time.monotonic()
        yield
        self._one = time.monotonic() - begin
        self.seconds += self._one
