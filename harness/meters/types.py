"""What an instrument is: a new one is a file of its own, given to the recorder as `Recorder(further=...)`."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from rlvr_bench.harness.records import MetricsRow, Phase


class Meter(Protocol):
    """One instrument.  The recorder enters it before any model is built, and calls it at the edges of phases.

    Phases do not nest; the device is synchronized before each call.  What it cannot measure is None, never 0.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def reset(self) -> None:
        """A step begins: forget what was measured before."""
        ...

    def begin(self, phase: Phase) -> None:
        """A phase begins; any phase any number of times a step."""
        ...

    def end(self, phase: Phase) -> None:
        """The phase ends."""
        ...

    def row(self) -> MetricsRow:
        """The cost/* metrics of the step, named as in harness/metrics.py; forgets them."""
        ...
