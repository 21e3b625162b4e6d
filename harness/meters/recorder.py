"""The recorder that the training loop uses: phases in, a row of cost/* metrics out."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Self

import torch

from rlvr_bench.harness.meters.allocator import AllocatorMeter
from rlvr_bench.harness.meters.device import DeviceMeter
from rlvr_bench.harness.meters.process.processor import ProcessorMeter
from rlvr_bench.harness.meters.process.workers import WorkersMeter
from rlvr_bench.harness.meters.types import Meter
from rlvr_bench.harness.records import LEFT_OUT, PHASES, MemorySources, MetricsRow, Phase


class Recorder:
    """Measures a run step by step, with a clock, counters and further instruments.

        with Recorder(device) as meter:            # before any model is built
            with meter.phase("rollout"):           # any phase any number of times a step, never nested
                ...
            meter.count("rollout", flops=..., tokens=..., samples=...)
            row = meter.finish_step()

    A step begins with its first phase and ends with `finish_step`.  Totals of the step (seconds, energy,
    FLOPs, tokens, samples, gauges) leave `evaluate` and `checkpoint` out; the metrics of each phase include these two.

    Args:
        device: where the models run.
        period_s: seconds between samples of the device.
        peak: peak FLOP/s of the device, for cost/utilization; see `flops.peak_flops`.
        device_meter, allocator, workers: used instead of the ones that fit the device and the system.
        further: more instruments, see `types.Meter`.
    """

    def __init__(
        self,
        device: torch.device,
        period_s: float = 0.05,
        peak: float | None = None,
        *,
        device_meter: DeviceMeter | None = None,
        allocator: AllocatorMeter | None = None,
        workers: WorkersMeter | None = None,
        further: tuple[Meter, ...] = (),
    ) -> None:
        self._device, self._peak = device, peak
        self._device_meter = device_meter or _device_meter(device, period_s)
        self._allocator = allocator or AllocatorMeter(device)
        self._workers = workers or WorkersMeter()
        self._meters: tuple[Meter, ...] = (
            self._allocator,
            self._device_meter,
            self._workers,
            ProcessorMeter(),
            *further,
        )
        self._entered: ExitStack | None = None
        self._phase: str | None = None
        self._clear()

    def _clear(self) -> None:
        self._began: float | None = None
        self._left_out = 0.0  # s
        self._seconds: dict[str, float] = defaultdict(float)
        self._flops: dict[str, float] = defaultdict(float)
        self._flops_done: dict[str, float] = defaultdict(float)
        self._tokens: dict[str, int] = defaultdict(int)
        self._samples: dict[str, int] = defaultdict(int)

    def __enter__(self) -> Self:
        self._entered = ExitStack()
        for meter in self._meters:
            self._entered.enter_context(meter)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        entered, self._entered = self._entered, None
        if entered is not None:
            entered.__exit__(kind, error, trace)

    @contextmanager
    def phase(self, name: Phase) -> Iterator[None]:
        """Everything inside belongs to `name`; the device is synchronized at both edges.

        Raises:
            ValueError: no such phase.
            RuntimeError: inside another phase, or outside the recorder's `with`.
        """
        self._check(name)
        arrived = self._now()
        if self._began is None:
            for meter in self._meters:
                meter.reset()  # what came before the step: building models, writing records
            self._began = arrived
        self._phase = name
        for meter in self._meters:
            meter.begin(name)
        begin = time.perf_counter()
        try:
            yield
        except BaseException:
            # Neither synchronizing nor an error of an instrument: it would hide the first error.
            for meter in self._meters:
                with suppress(Exception):
                    meter.end(name)
            self._phase = None
            raise
        end = self._now()
        for meter in reversed(self._meters):
            meter.end(name)
        self._phase = None
        self._seconds[name] += end - begin
        if name in LEFT_OUT:
            self.release()
            self._left_out += time.perf_counter() - arrived

    def release(self) -> None:
        """Give back what allocators keep, so that it is in no later phase's peak.

        Done after each phase that is left out, outside the step's clock.  Whatever else is run between steps, and is
        no cost of theirs, should be followed by it.
        """
        self._allocator.release()

    def _check(self, name: str) -> None:
        if self._entered is None:
            raise RuntimeError("enter the recorder first: `with Recorder(device) as meter`")
        if name not in PHASES:
            raise ValueError(f"no phase {name!r}; phases are {', '.join(PHASES)}")
        if self._phase is not None:
            raise RuntimeError(f"phase {name!r} inside phase {self._phase!r}: phases do not nest")

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()

    def count(
        self, phase: Phase, *, flops: float = 0, flops_done: float | None = None, tokens: int = 0, samples: int = 0
    ) -> None:
        """Add to the step's counts.

        Args:
            flops: model FLOPs that the phase needs.
            flops_done: those that were done, where equal completions were computed once; `flops` if not given.
            tokens, samples: completion tokens and completions *sampled* in the phase; those that were
                only scored or trained on were sampled before and do not count again.
        Raises:
            ValueError: no such phase.
        """
        if phase not in PHASES:
            raise ValueError(f"no phase {phase!r}; phases are {', '.join(PHASES)}")
        self._flops[phase] += flops
        self._flops_done[phase] += flops if flops_done is None else flops_done
        self._tokens[phase] += tokens
        self._samples[phase] += samples

    def finish_step(self) -> MetricsRow:
        """End the step: its row of cost/* metrics, named and defined as in harness/metrics.py.

        Raises:
            RuntimeError: inside a phase, or outside the recorder's `with`.
        """
        if self._entered is None or self._phase is not None:
            raise RuntimeError("finish_step belongs inside the recorder's `with` and outside its phases")
        seconds = 0.0 if self._began is None else self._now() - self._began - self._left_out
        row = self._totals(seconds)
        for meter in self._meters:
            row |= meter.row()
        row |= {f"cost/seconds/{phase}": self._seconds[phase] for phase in PHASES if phase in self._seconds}
        row |= {f"cost/flops/{phase}": flops for phase, flops in self._flops.items() if flops}
        self._clear()
        return row

    def _totals(self, seconds: float) -> MetricsRow:
        flops, done, tokens, samples = (
            _counted(c) for c in (self._flops, self._flops_done, self._tokens, self._samples)
        )
        return {
            "cost/seconds": seconds,
            "cost/tokens": tokens,
            "cost/samples": samples,
            "cost/tokens_per_second": tokens / seconds if tokens and seconds > 0 else None,
            "cost/flops": flops,
            "cost/flops_done": done,
            "cost/utilization": done / seconds / self._peak if self._peak and done and seconds > 0 else None,
        }

    def sources(self) -> MemorySources:
        """Which measurements this run has had so far, with the reason for each that is missing."""
        device, device_reason, baseline = self._device_meter.memory_source()
        allocator, allocator_reason = self._allocator.source()
        energy, energy_reason = self._device_meter.energy_source()
        workers, workers_reason = self._workers.source()
        return MemorySources(
            device=device,
            device_reason=device_reason,
            device_baseline_bytes=baseline,
            allocator=allocator,
            allocator_reason=allocator_reason,
            energy=energy,
            energy_reason=energy_reason,
            workers=workers,
            workers_reason=workers_reason,
        )


def _device_meter(device: torch.device, period_s: float) -> DeviceMeter:
    if device.type != "cuda":
        return DeviceMeter(period_s)
    # The UUID, because CUDA_VISIBLE_DEVICES changes the index.
    uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
    return DeviceMeter(period_s, uuid, start_context=lambda: torch.cuda.synchronize(device))


def _counted(by_phase: dict[str, float] | dict[str, int]) -> float | int:
    return sum(value for phase, value in by_phase.items() if phase not in LEFT_OUT)
