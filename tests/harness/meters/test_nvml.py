"""One GPU through NVML: units, and which memory is read."""

from __future__ import annotations

import pytest

from rlvr_bench.harness.meters.failures import Failures
from rlvr_bench.harness.meters.nvml import NvmlSource, NvmlUnavailable
from rlvr_bench.harness.meters.readings import Reading
from tests.harness.meters.fake_nvml import MIB, FakeGpu, FakeNvml


def test_units() -> None:
    gpu = FakeGpu(own=300 * MIB, percent=50, milliwatts=250_500, celsius=61, mhz=1980, reasons=0x1)
    source = NvmlSource(0, Failures(), FakeNvml([gpu]))
    assert source.sample() == Reading(300 * MIB, 0.5, 250.5, 61, 1980, False)  # 50 %, 250500 mW, only idle
    gpu.reasons = 0x1 | 0x4
    assert source.sample().throttled is True
    assert source.energy_mj() == 5_000_000


def test_memory_of_this_process_is_preferred_and_the_context_counts() -> None:
    gpu = FakeGpu(own=0, used=1000 * MIB)

    def start_context() -> None:
        gpu.own = 500 * MIB

    source = NvmlSource("GPU-a", Failures(), FakeNvml([gpu]), start_context)
    assert source.baseline == 500 * MIB
    assert source.sample().memory == 500 * MIB


def test_otherwise_it_is_the_devices_less_what_was_used_before() -> None:
    gpu = FakeGpu(listed=False, used=1000 * MIB)
    source = NvmlSource(0, Failures(), FakeNvml([gpu]))
    gpu.used = 1700 * MIB
    assert source.sample().memory == 700 * MIB
    assert "whole device" in source.memory_text


def test_a_failed_quantity_is_none_and_the_others_are_read() -> None:
    failures = Failures()
    source = NvmlSource(0, failures, FakeNvml(fails={"nvmlDeviceGetPowerUsage": 1}))
    reading = source.sample()
    assert reading.power is None
    assert reading.temperature == 60
    assert failures.reasons == {"power": "FakeError: nvmlDeviceGetPowerUsage failed"}


@pytest.mark.parametrize(("device", "fails"), [("GPU-none", {}), (3, {}), (0, {"nvmlInit": 1})])
def test_what_cannot_be_opened_is_unavailable_and_closed(device: str | int, fails: dict[str, int]) -> None:
    nvml = FakeNvml(fails=fails)
    with pytest.raises(NvmlUnavailable):
        NvmlSource(device, Failures(), nvml)
    assert nvml.calls["nvmlShutdown"] == (not fails)


def test_an_error_in_closing_ends_no_run() -> None:
    NvmlSource(0, Failures(), FakeNvml(fails={"nvmlShutdown": 1})).close()
