"""Peaks of the CUDA allocator, phase by phase."""

from __future__ import annotations

import pytest
import torch

from rlvr_bench.harness.meters.allocator import AllocatorMeter
from tests.harness.meters.fake_cuda import FakeCuda


def test_a_phase_has_the_largest_peak_of_its_visits_and_no_other_phase_has_it() -> None:
    cuda = FakeCuda()
    with AllocatorMeter(torch.device("cuda"), cuda) as meter:
        for phase, size in (("rollout", 900), ("score", 300), ("rollout", 500)):
            meter.begin(phase)  # type: ignore[arg-type]
            cuda.hold(size)
            cuda.hold(100)
            meter.end(phase)  # type: ignore[arg-type]
        assert meter.row() == {
            "cost/memory/allocated_peak/rollout": 900,
            "cost/memory/reserved_peak/rollout": 1800,
            "cost/memory/allocated_peak/score": 300,
            "cost/memory/reserved_peak/score": 1800,  # what rollout reserved is still there
        }
        assert meter.row() == {}
        assert meter.source()[0] == "cuda"


def test_what_came_before_the_step_is_forgotten() -> None:
    cuda = FakeCuda()
    meter = AllocatorMeter(torch.device("cuda"), cuda)
    cuda.hold(900)
    meter.end("rollout")
    meter.reset()
    assert meter.row() == {}


def test_what_is_released_is_not_reserved_in_the_next_phase() -> None:
    cuda = FakeCuda()
    with AllocatorMeter(torch.device("cuda"), cuda, trim=lambda: pytest.fail("not on CUDA")) as meter:
        cuda.hold(900)
        cuda.hold(100)
        meter.release()
        meter.begin("score")
        cuda.hold(300)
        meter.end("score")
        assert meter.row()["cost/memory/reserved_peak/score"] == 600


def test_on_a_cpu_the_c_library_releases() -> None:
    calls: list[str] = []
    AllocatorMeter(torch.device("cpu"), trim=lambda: calls.append("trimmed")).release()
    assert calls == ["trimmed"]


def test_without_cuda_peaks_are_null_and_the_reason_is_said() -> None:
    meter = AllocatorMeter(torch.device("cpu"))
    meter.begin("rollout")
    meter.end("rollout")
    assert set(meter.row().values()) == {None}
    assert meter.source() == (None, "the run is on cpu, which has no CUDA allocator")
