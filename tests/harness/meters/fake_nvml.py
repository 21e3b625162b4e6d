"""A small substitute for `pynvml`: settable readings, and failures at will."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

MIB = 2**20


class FakeError(Exception):
    """Stands for pynvml.NVMLError."""


@dataclass
class FakeGpu:
    uuid: str = "GPU-a"
    used: int = 1000 * MIB  # of the whole device
    own: int | None = 300 * MIB  # of this process; None: listed without a figure
    listed: bool = True
    percent: int = 50
    milliwatts: int = 250_000
    celsius: int = 60
    mhz: int = 1980
    reasons: int = 0x1  # idle
    energy_mj: int = 5_000_000


@dataclass
class FakeNvml:
    """Args: fails: the call (counted from 1) from which each named function raises."""

    gpus: list[FakeGpu] = field(default_factory=lambda: [FakeGpu()])
    fails: dict[str, int] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    NVML_TEMPERATURE_GPU: int = 0
    NVML_CLOCK_SM: int = 1

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not name.startswith("nvml"):
            raise AttributeError(name)

        def call(*arguments: Any) -> Any:
            self.calls[name] += 1
            if self.calls[name] >= self.fails.get(name, 10**9):
                raise FakeError(f"{name} failed")
            return answers[name](*arguments)

        answers: dict[str, Callable[..., Any]] = {
            "nvmlInit": lambda: None,
            "nvmlShutdown": lambda: None,
            "nvmlSystemGetDriverVersion": lambda: "580.1",
            "nvmlDeviceGetCount": lambda: len(self.gpus),
            "nvmlDeviceGetHandleByIndex": lambda index: self.gpus[index],
            "nvmlDeviceGetHandleByUUID": self._by_uuid,
            "nvmlDeviceGetUUID": lambda gpu: gpu.uuid,
            "nvmlDeviceGetName": lambda gpu: "NVIDIA Fake",
            "nvmlDeviceGetCudaComputeCapability": lambda gpu: (9, 0),
            "nvmlDeviceGetMemoryInfo": lambda gpu: SimpleNamespace(used=gpu.used, total=80_000 * MIB),
            "nvmlDeviceGetComputeRunningProcesses": self._processes,
            "nvmlDeviceGetUtilizationRates": lambda gpu: SimpleNamespace(gpu=gpu.percent, memory=0),
            "nvmlDeviceGetPowerUsage": lambda gpu: gpu.milliwatts,
            "nvmlDeviceGetTemperature": lambda gpu, sensor: gpu.celsius,
            "nvmlDeviceGetClockInfo": lambda gpu, clock: gpu.mhz,
            "nvmlDeviceGetCurrentClocksThrottleReasons": lambda gpu: gpu.reasons,
            "nvmlDeviceGetTotalEnergyConsumption": lambda gpu: gpu.energy_mj,
        }
        return call

    def _by_uuid(self, uuid: str) -> FakeGpu:
        for gpu in self.gpus:
            if gpu.uuid == uuid:
                return gpu
        raise FakeError("Not Found")

    def _processes(self, gpu: FakeGpu) -> list[SimpleNamespace]:
        others = [SimpleNamespace(pid=1, usedGpuMemory=77 * MIB)]
        own = [SimpleNamespace(pid=os.getpid(), usedGpuMemory=gpu.own)] if gpu.listed else []
        return others + own
