"""The device's memory, gauges and energy, by phase: sampled in the background, or the peaks that a system keeps.

No torch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, Self

from rlvr_bench.harness.meters import readings
from rlvr_bench.harness.meters.failures import Failures
from rlvr_bench.harness.meters.nvml import NvmlSource, NvmlUnavailable
from rlvr_bench.harness.meters.process.rss import RssSource
from rlvr_bench.harness.meters.readings import PhaseReadings, Reading, add
from rlvr_bench.harness.records import LEFT_OUT, DeviceSource, MetricsRow, Phase


class DeviceMeter:
    """Reads a device at every change of phase while the context lasts, and every `period_s` seconds in between.

    A source that knows the true peak since the last change is not read in between.

    Enter it before any model is built: what is in use then is the baseline.  What cannot be read is
    None, with its reason in `failures`; the log gets one warning; nothing raises because of it.

    Args:
        period_s: seconds between samples.
        device: the GPU, by UUID ("GPU-...") or NVML index; None when the run uses no NVIDIA GPU, then
            the resident set of this process is measured.
        nvml: used instead of `pynvml`.
        start_context: see `NvmlSource`.
    """

    def __init__(
        self,
        period_s: float = 0.05,
        device: int | str | None = None,
        *,
        nvml: Any = None,
        start_context: Callable[[], None] = lambda: None,
    ) -> None:
        self.failures = Failures()
        self.highest_memory = 0
        """Bytes: the largest reading so far, whatever phase it was in.  VmHWM of the process does not tell it any more,
        because phases reset it."""
        self._period_s, self._device, self._nvml, self._start_context = period_s, device, nvml, start_context
        self._source: NvmlSource | RssSource | None = None
        self._lock = threading.Lock()  # a sample and its phase are stored together
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._phase: str | None = None
        self._by_phase: dict[str | None, PhaseReadings] = {}
        self._energy_mj: int | None = None

    def __enter__(self) -> Self:
        if self._device is None:
            self._source = RssSource(self.failures)
        else:
            try:
                self._source = NvmlSource(self._device, self.failures, self._nvml, self._start_context)
            except NvmlUnavailable as error:
                self.failures.add("device", str(error))
                return self
        self._energy_mj = self._source.energy_mj()
        if self._source.sampled:
            self._thread = threading.Thread(target=self._run, name="device-meter", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._source is not None:
            self._source.close()

    def _run(self) -> None:
        while not self._stop.wait(self._period_s):
            with self._lock:
                self._keep(self._source.sample() if self._source is not None else Reading())

    def _keep(self, sample: Reading) -> None:
        self._current().samples.append(sample)
        self.highest_memory = max(self.highest_memory, sample.memory or 0)

    def _current(self) -> PhaseReadings:
        return self._by_phase.setdefault(self._phase, PhaseReadings())

    def _edge(self) -> Reading:
        """End the current phase: a last reading, and the energy since the last edge.  Returns the next one's first."""
        last, first = self._source.edge() if self._source is not None else (Reading(), Reading())
        self._keep(last)
        before, self._energy_mj = self._energy_mj, (self._source.energy_mj() if self._source is not None else None)
        used = None if before is None or self._energy_mj is None else self._energy_mj - before
        # The counter only grows; a smaller value means that the driver was loaded again.
        self._current().energy_mj = add(self._current().energy_mj, used if used is None or used >= 0 else None)
        return first

    def reset(self) -> None:
        self.take()

    def begin(self, phase: Phase) -> None:
        self.mark(phase)

    def end(self, phase: Phase) -> None:
        self.mark(None)

    def row(self) -> MetricsRow:
        by_phase = self.take()
        row = _totals([found for phase, found in by_phase.items() if phase not in LEFT_OUT])
        for phase, found in by_phase.items():
            if phase is not None:
                row[f"cost/memory/device_peak/{phase}"] = readings.peak_memory(found)
                row[f"cost/energy/{phase}"] = readings.joules(found) if self._source is not None else None
        return row

    def mark(self, phase: str | None) -> None:
        """Another phase begins now (None: none)."""
        with self._lock:
            first = self._edge()
            self._phase = phase
            self._keep(first)

    def take(self) -> dict[str | None, PhaseReadings]:
        """All readings since the last call, by phase; None is the time between phases."""
        with self._lock:
            self._edge()
            taken, self._by_phase = self._by_phase, {}
            return taken

    def memory_source(self) -> tuple[DeviceSource | None, str, int | None]:
        """Source, what it means or why there is none, and the baseline in bytes."""
        if self._source is None:
            return None, self.failures.reasons.get("device", "the meter was not started"), None
        failure = self.failures.reasons.get("memory")
        if self._source.baseline is None:
            return None, failure or "no baseline", None
        text = self._source.memory_text
        return (
            self._source.kind,
            f"{text}; failed during the run: {failure}" if failure else text,
            self._source.baseline,
        )

    def energy_source(self) -> tuple[Literal["nvml"] | None, str]:
        """Source, and what it means or why there is none."""
        if self._source is None:
            return None, self.failures.reasons.get("device", "the meter was not started")
        if self._source.kind != "nvml":
            return None, "the run uses no NVIDIA GPU"
        failure = self.failures.reasons.get("energy")
        return (None, failure) if failure else ("nvml", "energy counter of the whole device")


def _totals(phases: list[PhaseReadings]) -> MetricsRow:
    whole = readings.merge(phases)
    return {
        "cost/energy": readings.joules(whole),
        "cost/gpu/utilization": readings.mean_utilization(whole),
        "cost/gpu/temperature_max": readings.max_temperature(whole),
        "cost/gpu/sm_clock_min": readings.min_sm_clock(whole),
        "cost/gpu/throttled_fraction": readings.throttled_fraction(whole),
    }
