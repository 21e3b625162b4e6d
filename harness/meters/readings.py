"""One reading of a device, readings gathered over a phase, and what is said about them.  Pure.

A missing reading is None and spreads: a figure over readings of which one is missing is None, since a
peak of the others would only be a lower bound and a mean would be of other moments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Reading:
    """One moment; None where the source has no such reading."""

    memory: int | None = None  # bytes
    utilization: float | None = None  # [0, 1], share of the driver's own window with a kernel running
    power: float | None = None  # W
    temperature: int | None = None  # C
    sm_clock: int | None = None  # MHz
    throttled: bool | None = None  # a throttle reason other than idle


@dataclass
class Tally:
    """The samples of one phase (or of the time between phases) and the energy used in it."""

    samples: list[Reading] = field(default_factory=list)
    energy_mj: int | None = 0  # mJ, as the counter has it; None once a reading of the counter was missing


def merge(tallies: Iterable[Tally]) -> Tally:
    """One tally of all; its energy is missing if any is."""
    whole = Tally()
    for tally in tallies:
        whole.samples += tally.samples
        whole.energy_mj = add(whole.energy_mj, tally.energy_mj)
    return whole


def add(total: int | None, change: int | None) -> int | None:
    """The sum; None if either is missing."""
    return None if total is None or change is None else total + change


def present(values: Iterable[T | None]) -> list[T]:
    """The values if none is missing, else an empty list."""
    found = list(values)
    kept = [value for value in found if value is not None]
    return kept if len(kept) == len(found) else []


def peak_memory(tally: Tally) -> int | None:
    """Bytes of the largest sample."""
    return max(present(s.memory for s in tally.samples), default=None)


def joules(tally: Tally) -> float | None:
    return None if tally.energy_mj is None else tally.energy_mj / 1000


def mean_utilization(tally: Tally) -> float | None:
    values = present(s.utilization for s in tally.samples)
    return sum(values) / len(values) if values else None


def max_temperature(tally: Tally) -> int | None:
    """C."""
    return max(present(s.temperature for s in tally.samples), default=None)


def min_sm_clock(tally: Tally) -> int | None:
    """MHz."""
    return min(present(s.sm_clock for s in tally.samples), default=None)


def throttled_fraction(tally: Tally) -> float | None:
    values = present(s.throttled for s in tally.samples)
    return sum(values) / len(values) if values else None
