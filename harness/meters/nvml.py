"""One NVIDIA GPU seen through NVML (`pynvml`, package nvidia-ml-py)."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from rlvr_bench.harness.meters.failures import Failures
from rlvr_bench.harness.meters.readings import Reading
from rlvr_bench.harness.records import DeviceSource

IDLE = 0x1  # nvmlClocksThrottleReasonGpuIdle: no throttling, only nothing to do


def _attempt(call: Callable[[], int]) -> tuple[int | None, str]:
    """The answer, or None and the reason; a driver's library may raise any exception."""
    try:
        return call(), ""
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


class NvmlUnavailable(RuntimeError):
    """NVML or the device could not be opened; the message is the reason."""


class NvmlSource:
    """Memory of this process, gauges and the energy counter of one GPU.

    Args:
        device: NVML's index, or a UUID ("GPU-...").  CUDA's index is not NVML's: CUDA_VISIBLE_DEVICES
            and CUDA_DEVICE_ORDER renumber the former only, so give a UUID.
        failures: collects what cannot be read, quantity by quantity (memory, energy, ...).
        nvml: used instead of `pynvml`.
        start_context: makes this process appear on the device (it is listed once it has a CUDA context).
    Raises:
        NvmlUnavailable: no `pynvml`, no driver, no such device.
    """

    kind: DeviceSource = "nvml"
    sampled = True

    def __init__(
        self,
        device: int | str,
        failures: Failures,
        nvml: Any = None,
        start_context: Callable[[], None] = lambda: None,
    ) -> None:
        try:
            if nvml is None:
                import pynvml as nvml
            nvml.nvmlInit()
        except Exception as error:
            raise NvmlUnavailable(f"NVML did not start: {type(error).__name__}: {error}") from error
        self._nvml, self._failures = nvml, failures
        try:
            by = nvml.nvmlDeviceGetHandleByUUID if isinstance(device, str) else nvml.nvmlDeviceGetHandleByIndex
            self._handle = by(device)
        except Exception as error:
            self.close()
            raise NvmlUnavailable(f"NVML has no device {device}: {type(error).__name__}: {error}") from error
        self._choose_memory(start_context)

    def _choose_memory(self, start_context: Callable[[], None]) -> None:
        """This process's bytes if NVML lists them, else the device's less what was used before the context."""
        self.baseline, whole_failure = _attempt(self._device_bytes)
        self._before = self.baseline or 0
        start_context()
        own, own_failure = _attempt(self._process_bytes)
        self._own = own is not None
        if self._own:
            self.baseline = own
            self.memory_text = "memory of this process as NVML reports it, CUDA context included"
            return
        self.memory_text = (
            f"memory of the whole device less what was used before (per-process memory: {own_failure}); "
            "other processes on the device would count; null where less is used than before"
        )
        if self.baseline is None:
            self._failures.add("memory", f"per process: {own_failure}; whole device: {whole_failure}")
        else:
            self._failures.warn(f"memory of the device: {self.memory_text}")

    def _device_bytes(self) -> int:
        return self._nvml.nvmlDeviceGetMemoryInfo(self._handle).used

    def _process_bytes(self) -> int:
        """Raises LookupError when this process is not listed, as in a container, or has no figure."""
        processes = self._nvml.nvmlDeviceGetComputeRunningProcesses(self._handle)
        own = [p.usedGpuMemory for p in processes if p.pid == os.getpid()]
        if not own:
            raise LookupError("this process is not in NVML's list")
        if None in own:
            raise LookupError("NVML lists this process without a figure")
        return sum(own)

    def _above_baseline(self) -> int | None:
        """Bytes; None when less is used than before, which only other processes can cause."""
        used = self._device_bytes() - self._before
        return used if used >= 0 else None

    def sample(self) -> Reading:
        nvml, handle, ask = self._nvml, self._handle, self._failures.ask
        percent = ask("utilization", lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu)
        milliwatts = ask("power", lambda: nvml.nvmlDeviceGetPowerUsage(handle))
        # The older of two names for one call: old and new drivers have it, the newer name only new ones.
        reasons = ask("throttling", lambda: nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle))
        return Reading(
            memory=ask("memory", self._process_bytes if self._own else self._above_baseline),
            utilization=None if percent is None else percent / 100,
            power=None if milliwatts is None else milliwatts / 1000,
            temperature=ask("temperature", lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU)),
            sm_clock=ask("SM clock", lambda: nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM)),
            throttled=None if reasons is None else bool(reasons & ~IDLE),
        )

    def edge(self) -> tuple[Reading, Reading]:
        """One sample counts for both sides of the edge of a phase: NVML has no peak that could be reset."""
        sample = self.sample()
        return sample, sample

    def energy_mj(self) -> int | None:
        """mJ since the driver was loaded.  It is refreshed at intervals, so a phase shorter than one may read 0."""
        return self._failures.ask("energy", lambda: self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle))

    def close(self) -> None:
        # Nothing depends on a clean shutdown, and a lost GPU raises here too.
        try:
            self._nvml.nvmlShutdown()
        except Exception:
            return
