"""Figures over the readings of a phase: a missing reading makes the figure missing."""

from __future__ import annotations

import pytest

from rlvr_bench.harness.meters import readings
from rlvr_bench.harness.meters.readings import PhaseReadings, Reading

FIRST = Reading(memory=300, utilization=0.2, power=100.0, temperature=60, sm_clock=1980, throttled=False)
SECOND = Reading(memory=500, utilization=0.6, power=200.0, temperature=70, sm_clock=1410, throttled=True)
FIGURES = (
    (readings.peak_memory, 500),
    (readings.mean_utilization, 0.4),
    (readings.max_temperature, 70),
    (readings.min_sm_clock, 1410),
    (readings.throttled_fraction, 0.5),
)


@pytest.mark.parametrize(("figure", "expected"), FIGURES)
def test_figures(figure, expected) -> None:
    assert figure(PhaseReadings([FIRST, SECOND])) == pytest.approx(expected, abs=1e-12)
    assert figure(PhaseReadings([FIRST, SECOND, Reading()])) is None
    assert figure(PhaseReadings()) is None


def test_energy_is_in_joules_and_missing_once_a_reading_was() -> None:
    assert readings.joules(PhaseReadings(energy_mj=2500)) == 2.5
    assert readings.joules(PhaseReadings(energy_mj=None)) is None


def test_phases_are_merged() -> None:
    one, other = PhaseReadings([FIRST], 100), PhaseReadings([SECOND], 20)
    assert readings.merge([one, other]) == PhaseReadings([FIRST, SECOND], 120)
    assert readings.merge([one, PhaseReadings(energy_mj=None)]).energy_mj is None
    assert one == PhaseReadings([FIRST], 100)  # unchanged


def test_none_is_not_zero() -> None:
    assert readings.add(0, 0) == 0
    assert readings.add(None, 1) is None
    assert readings.add(1, None) is None
    assert readings.present([0, 1]) == [0, 1]
    assert readings.present([0, None]) == []
