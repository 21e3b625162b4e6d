"""DeviceMeter: sources, phases, failures.  A long period, so that only the samples at edges count."""

from __future__ import annotations

import logging
import mmap
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

from rlvr_bench.harness.meters import readings
from rlvr_bench.harness.meters.device import DeviceMeter
from rlvr_bench.harness.meters.process import rss
from tests.harness.meters.fake_nvml import MIB, FakeGpu, FakeNvml
from tests.rewards.waiting import wait_until

NEVER = 3600.0  # s: no sample in the background


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


def test_peak_belongs_to_its_phase(caplog: pytest.LogCaptureFixture) -> None:
    gpu = FakeGpu()
    with DeviceMeter(NEVER, 0, nvml=FakeNvml([gpu])) as meter:
        meter.mark("rollout")
        gpu.own = 500 * MIB
        meter.mark(None)
        gpu.own = 400 * MIB
        meter.mark("score")
        meter.mark(None)
        taken = meter.take()
    assert readings.peak_memory(taken["rollout"]) == 500 * MIB
    assert readings.peak_memory(taken["score"]) == 400 * MIB
    assert meter.memory_source() == (
        "nvml",
        "memory of this process as NVML reports it, CUDA context included",
        300 * MIB,
    )
    assert warnings_of(caplog) == []


def test_background_samples_see_what_edges_do_not() -> None:
    gpu = FakeGpu(own=100 * MIB)
    nvml = FakeNvml([gpu])
    with DeviceMeter(0.002, 0, nvml=nvml) as meter:
        meter.mark("rollout")
        gpu.own = 900 * MIB
        seen = nvml.calls["nvmlDeviceGetComputeRunningProcesses"]
        wait_until(lambda: nvml.calls["nvmlDeviceGetComputeRunningProcesses"] >= seen + 3)
        gpu.own = 100 * MIB
        meter.mark(None)
        taken = meter.take()
    assert readings.peak_memory(taken["rollout"]) == 900 * MIB
    assert len(taken["rollout"].samples) > 3


def test_gauges() -> None:
    gpu = FakeGpu(percent=20, celsius=60, mhz=1980, reasons=0x1)
    with DeviceMeter(NEVER, 0, nvml=FakeNvml([gpu])) as meter:
        meter.mark("rollout")
        gpu.percent, gpu.celsius, gpu.mhz, gpu.reasons = 80, 71, 1410, 0x1 | 0x4
        meter.mark(None)
        phase = meter.take()["rollout"]
    # Two samples: at the begin (20 %, idle only) and at the end (80 %, power cap).
    assert [s.power for s in phase.samples] == [250.0, 250.0]
    assert readings.mean_utilization(phase) == pytest.approx(0.5, abs=1e-12)
    assert readings.max_temperature(phase) == 71
    assert readings.min_sm_clock(phase) == 1410
    assert readings.throttled_fraction(phase) == 0.5


def test_energy_is_the_counters_growth_between_edges() -> None:
    gpu = FakeGpu(energy_mj=5_000_000)
    with DeviceMeter(NEVER, 0, nvml=FakeNvml([gpu])) as meter:
        gpu.energy_mj = 6_000_000
        meter.mark("rollout")
        gpu.energy_mj = 6_002_500
        meter.mark(None)
        gpu.energy_mj = 6_003_000
        meter.mark("rollout")
        gpu.energy_mj = 6_004_000
        meter.mark(None)
        taken = meter.take()
        gpu.energy_mj = 6_004_100
        later = meter.take()
    assert readings.joules(taken["rollout"]) == 3.5  # 2.5 J + 1 J
    assert readings.joules(taken[None]) == 1000.5  # 1000 J before, 0.5 J between
    assert readings.joules(readings.merge(taken.values())) == 1004.0
    assert readings.joules(later[None]) == pytest.approx(0.1, abs=1e-12)


def test_a_counter_that_starts_anew_is_missing_not_negative() -> None:
    gpu = FakeGpu(energy_mj=5_000)
    with DeviceMeter(NEVER, 0, nvml=FakeNvml([gpu])) as meter:
        meter.mark("rollout")
        gpu.energy_mj = 10
        meter.mark("score")
        gpu.energy_mj = 1_010
        meter.mark(None)
        taken = meter.take()
    assert readings.joules(taken["rollout"]) is None
    assert readings.joules(taken["score"]) == 1.0


def test_several_devices_are_told_apart_by_uuid() -> None:
    nvml = FakeNvml([FakeGpu(uuid="GPU-a", own=1 * MIB), FakeGpu(uuid="GPU-b", own=2 * MIB)])
    with DeviceMeter(NEVER, "GPU-b", nvml=nvml) as meter:
        meter.mark("rollout")
        meter.mark(None)
        assert readings.peak_memory(meter.take()["rollout"]) == 2 * MIB


@pytest.mark.parametrize(
    ("device", "fails", "reason"),
    [
        ("GPU-a", {"nvmlInit": 1}, "NVML did not start: FakeError: nvmlInit failed"),
        ("GPU-none", {}, "NVML has no device GPU-none: FakeError: Not Found"),
        (7, {}, "NVML has no device 7: IndexError: list index out of range"),
    ],
)
def test_nvml_that_cannot_be_opened(
    device: str | int, fails: dict[str, int], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with DeviceMeter(0.001, device, nvml=FakeNvml(fails=fails)) as meter:
        meter.mark("rollout")
        meter.mark(None)
        phase = meter.take()["rollout"]
    assert readings.peak_memory(phase) is None
    assert readings.joules(phase) is None
    assert readings.throttled_fraction(phase) is None
    assert meter.memory_source() == (None, reason, None)
    assert meter.energy_source() == (None, reason)
    assert len(warnings_of(caplog)) == 1


def test_pynvml_missing(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with DeviceMeter(0.001, "GPU-a") as meter:
        meter.mark("rollout")
        meter.mark(None)
        assert readings.peak_memory(meter.take()["rollout"]) is None
    assert meter.memory_source()[0] is None
    assert "pynvml" in meter.memory_source()[1]
    assert len(warnings_of(caplog)) == 1


def test_everything_fails_at_the_kth_call_in_the_background(caplog: pytest.LogCaptureFixture) -> None:
    calls = ("ComputeRunningProcesses", "UtilizationRates", "PowerUsage", "Temperature", "ClockInfo")
    calls += ("CurrentClocksThrottleReasons", "TotalEnergyConsumption")
    nvml = FakeNvml(fails={f"nvmlDeviceGet{name}": 6 for name in calls})
    with DeviceMeter(0.002, 0, nvml=nvml) as meter:
        meter.mark("rollout")
        meter.mark(None)
        before = meter.take()["rollout"]
        for _ in range(4):  # the fifth and sixth readings of the energy counter, which only edges read
            meter.mark("score")
            time.sleep(0.02)
            meter.mark(None)
        after = meter.take()["score"]
        assert any(t.name == "device-meter" for t in threading.enumerate())
    assert len(before.samples) >= 2
    assert readings.peak_memory(after) is None
    assert readings.joules(after) is None
    assert readings.mean_utilization(after) is None
    kind, reason, baseline = meter.memory_source()
    assert (kind, baseline) == ("nvml", 300 * MIB)
    assert reason.endswith("failed during the run: FakeError: nvmlDeviceGetComputeRunningProcesses failed")
    assert meter.energy_source() == (None, "FakeError: nvmlDeviceGetTotalEnergyConsumption failed")
    assert len(warnings_of(caplog)) == 1
    assert nvml.calls["nvmlDeviceGetPowerUsage"] == 6  # not asked for again


def test_one_quantity_missing_leaves_the_others(caplog: pytest.LogCaptureFixture) -> None:
    nvml = FakeNvml(fails={"nvmlDeviceGetTotalEnergyConsumption": 1})
    with DeviceMeter(NEVER, 0, nvml=nvml) as meter:
        meter.mark("rollout")
        meter.mark(None)
        phase = meter.take()["rollout"]
    assert readings.joules(phase) is None
    assert readings.peak_memory(phase) == 300 * MIB
    assert len(warnings_of(caplog)) == 1


@pytest.mark.parametrize(
    ("gpu", "fails", "said"),
    [
        (FakeGpu(listed=False), {}, "this process is not in NVML's list"),
        (FakeGpu(own=None), {}, "NVML lists this process without a figure"),
        (FakeGpu(), {"nvmlDeviceGetComputeRunningProcesses": 1}, "nvmlDeviceGetComputeRunningProcesses failed"),
    ],
)
def test_without_per_process_memory_the_device_less_what_was_there(
    gpu: FakeGpu, fails: dict[str, int], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    def start_context() -> None:
        gpu.used += 400 * MIB

    with DeviceMeter(NEVER, 0, nvml=FakeNvml([gpu], fails), start_context=start_context) as meter:
        meter.mark("rollout")
        gpu.used += 250 * MIB
        meter.mark(None)
        gpu.used = 900 * MIB  # another process ended: less than before
        meter.mark("score")
        meter.mark(None)
        taken = meter.take()
    assert readings.peak_memory(taken["rollout"]) == 650 * MIB  # 1650 - 1000
    assert readings.peak_memory(taken["score"]) is None
    kind, reason, baseline = meter.memory_source()
    assert (kind, baseline) == ("nvml", 1000 * MIB)
    assert said in reason
    assert "whole device less what was used before" in reason
    assert len(warnings_of(caplog)) == 1


def test_no_memory_at_all(caplog: pytest.LogCaptureFixture) -> None:
    fails = {"nvmlDeviceGetComputeRunningProcesses": 1, "nvmlDeviceGetMemoryInfo": 1}
    with DeviceMeter(NEVER, 0, nvml=FakeNvml(fails=fails)) as meter:
        meter.mark("rollout")
        meter.mark(None)
        phase = meter.take()["rollout"]
    assert readings.peak_memory(phase) is None
    assert readings.joules(phase) == 0.0  # the counter is there and did not move
    assert meter.memory_source()[0] is None
    assert len(warnings_of(caplog)) == 1


@pytest.fixture(params=["true peak", "sampled"])
def how(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the resident set is measured: as Linux can, or as on a system that tells nothing of its processes."""
    if request.param == "sampled":
        monkeypatch.setattr(rss, "PROCESS", tmp_path / "nothing here")
    elif not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux keeps a peak that can be reset")
    return request.param


def test_resident_set_rises_in_the_phase_that_allocates(how: str, caplog: pytest.LogCaptureFixture) -> None:
    size = 200_000_000
    with DeviceMeter(0.005) as meter:
        meter.mark("rollout")
        meter.mark("score")
        held = torch.ones(size // 4)  # fp32, every page written
        meter.mark("reward")
        del held
        time.sleep(0.02)
        meter.mark("update_actor")
        meter.mark(None)
        peaks = {name: readings.peak_memory(phase) for name, phase in meter.take().items()}
    before, during, after = peaks["rollout"], peaks["score"], peaks["update_actor"]
    assert before is not None
    assert during is not None
    assert after is not None
    assert during - before == pytest.approx(size, abs=0.1 * size)
    assert after < during - 0.8 * size  # freed: the peak does not stick to later phases, as ru_maxrss would
    kind, text, _ = meter.memory_source()
    assert kind == ("rss_peak" if how == "true peak" else "rss")
    assert text.startswith(f"resident set of this process, {how}")
    assert meter.energy_source() == (None, "the run uses no NVIDIA GPU")
    assert warnings_of(caplog) == []


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux keeps a peak that can be reset")
def test_what_is_held_for_a_moment_is_in_its_phase_and_in_no_other() -> None:
    """No sample is taken within a phase; the memory is back with the system before the phase ends."""
    size = 100 << 20

    def hold_for_a_moment() -> None:
        with mmap.mmap(-1, size) as held:
            held.write(b"1" * size)

    with DeviceMeter(NEVER) as meter:
        meter.mark("rollout")
        meter.mark("score")
        hold_for_a_moment()
        meter.mark("reward")
        meter.mark("update_actor")
        hold_for_a_moment()
        meter.mark(None)
        meter.mark("reward")
        meter.mark(None)
        peaks = {name: readings.peak_memory(phase) or 0 for name, phase in meter.take().items()}
        assert not meter_threads(), "nobody samples what the system keeps"
    assert meter.highest_memory == max(peaks.values())
    quiet = max(peaks["rollout"], peaks["reward"])
    assert min(peaks["score"], peaks["update_actor"]) - quiet > 0.95 * size


def meter_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "device-meter"]


def test_the_thread_ends_also_after_an_error() -> None:
    seen: list[threading.Thread] = []
    with pytest.raises(KeyError), DeviceMeter(0.001, 0, nvml=FakeNvml()):
        raise KeyError(seen.extend(meter_threads()))
    assert seen and not meter_threads()
