"""Recorder: the row of a step."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from rlvr_bench.harness.meters.allocator import AllocatorMeter
from rlvr_bench.harness.meters.device import DeviceMeter
from rlvr_bench.harness.meters.process.workers import WorkersMeter
from rlvr_bench.harness.meters.recorder import Recorder, _device_meter
from rlvr_bench.harness.metrics import find_metric
from tests.harness.meters.fake_cuda import FakeCuda
from tests.harness.meters.fake_nvml import MIB, FakeGpu, FakeNvml

CPU = torch.device("cpu")
NEVER = 3600.0


def test_a_row_on_the_cpu() -> None:
    with Recorder(CPU) as meter:
        with meter.phase("rollout"):
            time.sleep(0.02)
        meter.count("rollout", flops=600.0, tokens=30, samples=4)
        with meter.phase("evaluate"):
            time.sleep(0.05)
        meter.count("evaluate", flops=1e6, tokens=1000, samples=100)
        for _ in range(2):
            with meter.phase("update_actor"):
                time.sleep(0.01)
            meter.count("update_actor", flops=200.0)
        row = meter.finish_step()
    assert all(find_metric(name) for name in row)
    assert (row["cost/tokens"], row["cost/samples"], row["cost/flops"]) == (30, 4, 1000.0)
    assert (row["cost/flops/evaluate"], row["cost/flops/update_actor"]) == (1e6, 400.0)
    phases = {name.removeprefix("cost/seconds/") for name in row if name.startswith("cost/seconds/")}
    assert phases == {"rollout", "evaluate", "update_actor"}
    seconds, rollout, update = (row[f"cost/seconds{p}"] for p in ("", "/rollout", "/update_actor"))
    assert rollout is not None and update is not None and seconds is not None
    assert rollout >= 0.02
    assert update >= 0.02
    assert rollout + update <= seconds  # evaluation left out, the time between phases not
    assert row["cost/tokens_per_second"] == 30 / seconds
    assert row["cost/memory/device_peak/rollout"] is not None
    for name in ("utilization", "energy", "energy/rollout", "gpu/utilization", "memory/allocated_peak/rollout"):
        assert row[f"cost/{name}"] is None


def test_evaluation_is_left_out_of_the_seconds() -> None:
    with Recorder(CPU) as meter:
        begin = time.perf_counter()
        with meter.phase("score"):
            pass
        for phase in ("evaluate", "checkpoint"):
            with meter.phase(phase):
                time.sleep(0.1)
        seconds = meter.finish_step()["cost/seconds"]
        wall = time.perf_counter() - begin
    assert seconds is not None and 0 < seconds <= wall - 0.2


def test_steps_do_not_leak_into_each_other() -> None:
    with Recorder(CPU) as meter:
        begin = time.perf_counter()
        time.sleep(0.1)  # building models
        with meter.phase("rollout"):
            pass
        meter.count("rollout", flops=5.0, tokens=3, samples=1)
        first = meter.finish_step()
        time.sleep(0.1)  # writing records
        with meter.phase("score"):
            pass
        second = meter.finish_step()
        wall = time.perf_counter() - begin
    assert first["cost/seconds"] is not None and second["cost/seconds"] is not None
    assert first["cost/seconds"] + second["cost/seconds"] <= wall - 0.2
    assert (second["cost/tokens"], second["cost/flops"]) == (0, 0)
    assert second["cost/tokens_per_second"] is None
    assert "cost/seconds/rollout" not in second


def test_utilization() -> None:
    with Recorder(CPU, peak=1000.0) as meter:
        with meter.phase("rollout"):
            pass
        meter.count("rollout", flops=500.0)
        row = meter.finish_step()
    assert row["cost/seconds"] is not None
    assert row["cost/utilization"] == 500.0 / row["cost/seconds"] / 1000.0


def test_energy_and_gauges_leave_evaluation_out() -> None:
    gpu = FakeGpu(percent=40)
    device = DeviceMeter(NEVER, 0, nvml=FakeNvml([gpu]))
    with Recorder(CPU, device_meter=device) as meter:
        gpu.energy_mj += 1_000_000  # building models
        with meter.phase("rollout"):
            gpu.energy_mj += 7_000
        gpu.energy_mj += 500
        with meter.phase("evaluate"):
            gpu.energy_mj += 90_000
            gpu.celsius, gpu.reasons = 99, 0x8
        gpu.celsius, gpu.reasons = 65, 0x1
        meter.finish_step()
        with meter.phase("rollout"):
            gpu.energy_mj += 7_000
        gpu.energy_mj += 500
        row = meter.finish_step()
        assert meter.sources().energy == "nvml"
    assert (row["cost/energy"], row["cost/energy/rollout"]) == (7.5, 7.0)
    assert row["cost/gpu/utilization"] == pytest.approx(0.4, abs=1e-12)
    assert row["cost/gpu/temperature_max"] == 65
    assert row["cost/gpu/sm_clock_min"] == 1980
    assert row["cost/gpu/throttled_fraction"] == 0.0
    assert row["cost/memory/device_peak/rollout"] == 300 * MIB


def test_evaluation_energy_is_in_its_own_phase() -> None:
    gpu = FakeGpu()
    with Recorder(CPU, device_meter=DeviceMeter(NEVER, 0, nvml=FakeNvml([gpu]))) as meter:
        with meter.phase("evaluate"):
            gpu.energy_mj += 90_000
        with meter.phase("rollout"):
            gpu.energy_mj += 2_000
        row = meter.finish_step()
    assert (row["cost/energy"], row["cost/energy/evaluate"]) == (2.0, 90.0)


def test_allocator_peaks_by_phase() -> None:
    cuda = FakeCuda()
    with Recorder(CPU, allocator=AllocatorMeter(torch.device("cuda"), cuda)) as meter:
        with meter.phase("rollout"):
            cuda.hold(900)
            cuda.hold(100)
        for size in (300, 700, 200):
            with meter.phase("update_actor"):
                cuda.hold(size)
                cuda.hold(100)
        row = meter.finish_step()
        assert meter.sources().allocator == "cuda"
    assert row["cost/memory/allocated_peak/rollout"] == 900
    assert row["cost/memory/allocated_peak/update_actor"] == 700  # the largest of three, not rollout's 900
    assert row["cost/memory/reserved_peak/update_actor"] == 1800  # reserved by rollout, and kept


@pytest.mark.parametrize("phase", ["evaluate", "checkpoint"])
def test_what_a_phase_that_is_left_out_reserved_is_in_no_later_phase(phase: Any) -> None:
    cuda = FakeCuda()
    with Recorder(CPU, allocator=AllocatorMeter(torch.device("cuda"), cuda)) as meter:
        with meter.phase("rollout"):
            cuda.hold(100)
        with meter.phase(phase):
            cuda.hold(5000)
            cuda.hold(100)
        with meter.phase("score"):
            cuda.hold(300)
        row = meter.finish_step()
    assert row[f"cost/memory/reserved_peak/{phase}"] == 10_000
    assert row["cost/memory/reserved_peak/rollout"] == 200
    assert row["cost/memory/reserved_peak/score"] == 600


def test_releasing_is_outside_the_clock_of_the_step() -> None:
    releases: list[float] = []

    def trim() -> None:
        begin = time.perf_counter()
        time.sleep(0.1)
        releases.append(time.perf_counter() - begin)

    with Recorder(CPU, allocator=AllocatorMeter(CPU, trim=trim)) as meter:
        begin = time.perf_counter()
        with meter.phase("score"):
            pass
        assert not releases, "only after what is left out"
        with meter.phase("evaluate"):
            pass
        row = meter.finish_step()
        wall = time.perf_counter() - begin
    (release,) = releases
    assert row["cost/seconds"] is not None and row["cost/seconds"] <= wall - release
    assert row["cost/seconds/evaluate"] is not None and row["cost/seconds/evaluate"] < release


def test_sources_on_the_cpu() -> None:
    with Recorder(CPU) as meter:
        sources = meter.sources()
    assert (sources.device in ("rss", "rss_peak"), sources.allocator, sources.energy) == (True, None, None)
    assert sources.device_baseline_bytes is not None and sources.device_baseline_bytes > 10 * MIB
    assert sources.allocator_reason == "the run is on cpu, which has no CUDA allocator"
    assert sources.energy_reason == "the run uses no NVIDIA GPU"


def test_children_are_counted_apart(tmp_path: Path) -> None:
    with Recorder(CPU, workers=WorkersMeter(tmp_path)) as meter:
        with meter.phase("reward"):
            pass
        row = meter.finish_step()
        sources = meter.sources()
    assert "cost/memory/workers" in row and row["cost/memory/workers"] is None
    assert (sources.workers, sources.workers_reason[:27]) == (None, "the system does not list a ")


def test_misuse() -> None:
    outside = Recorder(CPU)
    with pytest.raises(RuntimeError, match="enter the recorder first"), outside.phase("rollout"):
        pass
    with Recorder(CPU) as meter:
        with pytest.raises(ValueError, match="no phase 'roll'"), meter.phase("roll"):  # pyright: ignore
            pass
        with pytest.raises(ValueError, match="no phase 'roll'"):
            meter.count("roll")  # pyright: ignore
        with meter.phase("rollout"):
            with pytest.raises(RuntimeError, match="'score' inside phase 'rollout'"), meter.phase("score"):
                pass
            with pytest.raises(RuntimeError, match="outside its phases"):
                meter.finish_step()


def test_an_error_inside_a_phase_comes_through_and_leaves_the_meter_usable() -> None:
    with Recorder(CPU) as meter:
        with pytest.raises(ZeroDivisionError), meter.phase("rollout"):
            raise ZeroDivisionError
        with meter.phase("score"):
            pass
        assert "cost/seconds/score" in meter.finish_step()


def test_a_phase_costs_less_than_a_millisecond_of_the_processor() -> None:
    """Seconds of this thread, not of the clock: the machine may be busy with other things."""
    with Recorder(CPU) as meter:
        begin = time.thread_time()
        for _ in range(100):
            with meter.phase("update_actor"):
                pass
        assert (time.thread_time() - begin) / 100 < 1e-3
        meter.finish_step()


def test_the_gpu_is_the_one_that_torch_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    # CUDA_VISIBLE_DEVICES=1: torch's cuda:0 is NVML's second device.
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: SimpleNamespace(uuid="b"))
    meter = _device_meter(torch.device("cuda"), NEVER)
    nvml = FakeNvml([FakeGpu(uuid="GPU-a", own=1), FakeGpu(uuid="GPU-b", own=2)])
    monkeypatch.setattr(meter, "_nvml", nvml)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: None)
    with meter:
        assert meter.memory_source()[2] == 2
