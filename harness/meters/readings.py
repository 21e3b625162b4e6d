"""One reading of a device, the readings of a phase, and figures over them.  Pure.

A missing reading is None, and so is every figure over readings of which one is missing: the peak of the others
would only be a lower bound, and their mean would be of other moments.
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
class PhaseReadings:
    """The readings of one phase (or of the time between phases) and the energy used in it."""

    samples: list[Reading] = field(default_factory=list)
    energy_mj: int | None = 0  # mJ, as the counter has it; None once a reading of the counter was missing


def merge(phases: Iterable[PhaseReadings]) -> PhaseReadings:
    """All of them as one; its energy is missing if any is."""
    whole = PhaseReadings()
    for phase in phases:
        whole.samples += phase.samples
        whole.energy_mj = add(whole.energy_mj, phase.energy_mj)
    return whole


def add(total: int | None, change: int | None) -> int | None:
    """The sum; None if either is missing."""
    return None if total is None or change is None else total + change


def present(values: Iterable[T | None]) -> list[T]:
    """The values if none is missing, else an empty list."""
    found = list(values)
    kept = [value for value in found if value is not None]
    return kept if len(kept) == len(found) else []


def peak_memory(phase: PhaseReadings) -> int | None:
    """Bytes of the largest sample."""
    return max(present(s.memory for s in phase.samples), default=None)


def joules(phase: PhaseReadings) -> float | None:
    return None if phase.energy_mj is None else phase.energy_mj / 1000


def mean_utilization(phase: PhaseReadings) -> float | None:
    values = present(s.utilization for s in phase.samples)
    return sum(values) / len(values) if values else None


def max_temperature(phase: PhaseReadings) -> int | None:
    """C."""
    return max(present(s.temperature for s in phase.samples), default=None)


def min_sm_clock(phase: PhaseReadings) -> int | None:
    """MHz."""
    return min(present(s.sm_clock for s in phase.samples), default=None)


def throttled_fraction(phase: PhaseReadings) -> float | None:
    values = present(s.throttled for s in phase.samples)
    return sum(values) / len(values) if values else None
