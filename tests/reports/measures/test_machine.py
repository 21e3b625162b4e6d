"""Starved steps by hand, and when seconds are refused."""

from __future__ import annotations

from dataclasses import replace

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.machine import busy, starved, starved_share, timing_note
from tests.reports.measures.series import run

PART = PartInfo("p", "learning", "t", (0,))


def waits(*found: float | None) -> Run:
    """Steps of 2 s, after one of warm-up."""
    n = len(found)
    return run(cost__seconds=[None, 2.0, *[2.0] * n], cost__processor_wait=[None, 9.0, *found])


def cell(*runs: Run) -> Cell:
    return Cell(PART, "c", "c", tuple(replace(r, seed=i) for i, r in enumerate(runs)))


def test_a_step_is_starved_from_a_tenth_of_its_seconds_on() -> None:
    assert starved({"cost/seconds": 2.0, "cost/processor_wait": 0.21}) is True
    assert starved({"cost/seconds": 2.0, "cost/processor_wait": 0.19}) is False
    assert starved({"cost/seconds": 2.0}) is None
    assert starved({"cost/seconds": 2.0, "cost/processor_wait": None}) is None


def test_warm_up_does_not_count() -> None:
    assert starved_share([waits(0.0, 0.0, 0.0, 1.0)]) == 0.25
    assert starved_share([waits(None, None)]) is None
    assert starved_share([waits(None, 1.0)]) == 1.0


def test_seconds_are_refused_on_a_busy_machine() -> None:
    quiet, loud = cell(waits(*[0.0] * 10)), cell(waits(*[1.0] * 2, *[0.0] * 8))
    assert busy([quiet, cell(waits(1.0, *[0.0] * 9))]) == ""  # a tenth is allowed
    assert busy([quiet, loud]) == "the machine was busy: 20 % of the timed steps waited for a processor"
    assert busy([cell(waits(None))]) == ""  # not known is not busy


def test_what_a_reader_of_seconds_is_told() -> None:
    assert timing_note([cell(waits(*[0.0] * 30))]) == ""
    assert "10 timed steps" in timing_note([cell(waits(*[0.0] * 5), waits(*[0.0] * 5))])
    assert "not recorded" in timing_note([cell(waits(*[None] * 30))])
