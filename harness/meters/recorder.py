"""The one meter that the training loop uses: phases in, a row of cost/* metrics out."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import torch

from rlvr_bench.harness.meters import readings
from rlvr_bench.harness.meters.allocator import AllocatorMeter
from rlvr_bench.harness.meters.device import DeviceMeter
from rlvr_bench.harness.records import PHASES, MemorySources, Phase

# Not part of what a step costs: how often one evaluates or saves is a choice of the experimenter.
LEFT_OUT = ("evaluate", "checkpoint")

Row = dict[str, float | int | None]


class StepMeter:
    """Measures a run step by step.

        with StepMeter(device) as meter:           # before any model is built
            with meter.phase("rollout"):           # any phase any number of times a step, never nested
                ...
            meter.count("rollout", flops=..., tokens=..., samples=...)
            row = meter.finish_step()

    A step begins with its first phase and ends with `finish_step`.  Totals of the step (seconds, energy,
    FLOPs, tokens, samples, gauges) leave `evaluate` and `checkpoint` out; figures by phase have them.

    Args:
        device: where the models run.
        period_s: seconds between samples of the device.
        peak: peak FLOP/s of the device, for cost/utilisation; see `flops.peak_flops`.
        device_meter, allocator: stand in for those that the device calls for.
    """

    def __init__(
        self,
        device: torch.device,
        period_s: float = 0.05,
        peak: float | None = None,
        *,
        device_meter: DeviceMeter | None = None,
        allocator: AllocatorMeter | None = None,
    ) -> None:
        self._device, self._peak = device, peak
        self._meter = device_meter or _device_meter(device, period_s)
        self._allocator = allocator or AllocatorMeter(device)
        self._entered = False
        self._phase: str | None = None
        self._clear()

    def _clear(self) -> None:
        self._began: float | None = None
        self._left_out = 0.0  # s
        self._seconds: dict[str, float] = defaultdict(float)
        self._flops: dict[str, float] = defaultdict(float)
        self._tokens: dict[str, int] = defaultdict(int)
        self._samples: dict[str, int] = defaultdict(int)
        self._peaks: dict[str, tuple[int | None, int | None]] = {}

    def __enter__(self) -> Self:
        self._meter.__enter__()
        self._entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered = False
        self._meter.__exit__(kind, error, trace)

    @contextmanager
    def phase(self, name: Phase) -> Iterator[None]:
        """Everything inside belongs to `name`; the device is synchronised at both edges.

        Raises:
            ValueError: no such phase.
            RuntimeError: inside another phase, or outside the meter's `with`.
        """
        self._check(name)
        arrived = self._now()
        if self._began is None:
            self._meter.take()  # what came before the step: building models, writing records
            self._began = arrived
        self._phase = name
        self._allocator.reset()
        self._meter.mark(name)
        begin = time.perf_counter()
        try:
            yield
        except BaseException:
            # No synchronising: after an error on the device it would raise and hide the first one.
            self._meter.mark(None)
            self._phase = None
            raise
        end = self._now()
        self._meter.mark(None)
        self._phase = None
        self._seconds[name] += end - begin
        self._peaks[name] = _larger(self._peaks.get(name), self._allocator.peaks())
        if name in LEFT_OUT:
            self._left_out += time.perf_counter() - arrived

    def _check(self, name: str) -> None:
        if not self._entered:
            raise RuntimeError("enter the meter first: `with StepMeter(device) as meter`")
        if name not in PHASES:
            raise ValueError(f"no phase {name!r}; phases are {', '.join(PHASES)}")
        if self._phase is not None:
            raise RuntimeError(f"phase {name!r} inside phase {self._phase!r}: phases do not nest")

    def _now(self) -> float:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return time.perf_counter()

    def count(self, phase: Phase, *, flops: float = 0, tokens: int = 0, samples: int = 0) -> None:
        """Add to the step's counts.

        Args:
            flops: model FLOPs done in the phase.
            tokens, samples: completion tokens and completions *sampled* in the phase; those that were
                only scored or trained on were sampled before and do not count again.
        Raises:
            ValueError: no such phase.
        """
        if phase not in PHASES:
            raise ValueError(f"no phase {phase!r}; phases are {', '.join(PHASES)}")
        self._flops[phase] += flops
        self._tokens[phase] += tokens
        self._samples[phase] += samples

    def finish_step(self) -> Row:
        """End the step: its row of cost/* metrics, named and defined as in harness/metrics.py.

        Raises:
            RuntimeError: inside a phase, or outside the meter's `with`.
        """
        if not self._entered or self._phase is not None:
            raise RuntimeError("finish_step belongs inside the meter's `with` and outside its phases")
        seconds = 0.0 if self._began is None else self._now() - self._began - self._left_out
        tallies = self._meter.take()
        row = self._totals(seconds) | _device_totals([t for phase, t in tallies.items() if phase not in LEFT_OUT])
        for phase in (p for p in PHASES if p in self._seconds):
            tally = tallies.get(phase, readings.Tally(energy_mj=None))
            row[f"cost/seconds/{phase}"] = self._seconds[phase]
            row[f"cost/memory/allocated_peak/{phase}"], row[f"cost/memory/reserved_peak/{phase}"] = self._peaks[phase]
            row[f"cost/memory/device_peak/{phase}"] = readings.peak_memory(tally)
            row[f"cost/energy/{phase}"] = readings.joules(tally)
        row |= {f"cost/flops/{phase}": flops for phase, flops in self._flops.items() if flops}
        self._clear()
        return row

    def _totals(self, seconds: float) -> Row:
        flops, tokens, samples = (_counted(c) for c in (self._flops, self._tokens, self._samples))
        return {
            "cost/seconds": seconds,
            "cost/tokens": tokens,
            "cost/samples": samples,
            "cost/tokens_per_second": tokens / seconds if tokens and seconds > 0 else None,
            "cost/flops": flops,
            "cost/utilisation": flops / seconds / self._peak if self._peak and flops and seconds > 0 else None,
        }

    def sources(self) -> MemorySources:
        """Which measurements this run has had so far, with the reason for each that is missing."""
        device, device_reason, baseline = self._meter.memory_source()
        allocator, allocator_reason = self._allocator.source()
        energy, energy_reason = self._meter.energy_source()
        return MemorySources(
            device=device,
            device_reason=device_reason,
            device_baseline_bytes=baseline,
            allocator=allocator,
            allocator_reason=allocator_reason,
            energy=energy,
            energy_reason=energy_reason,
        )


def _device_meter(device: torch.device, period_s: float) -> DeviceMeter:
    if device.type != "cuda":
        return DeviceMeter(period_s)
    # torch's properties are of the device that torch uses, whatever CUDA_VISIBLE_DEVICES made of its index.
    uuid = f"GPU-{torch.cuda.get_device_properties(device).uuid}"
    return DeviceMeter(period_s, uuid, start_context=lambda: torch.cuda.synchronize(device))


def _counted(by_phase: dict[str, float] | dict[str, int]) -> float | int:
    return sum(value for phase, value in by_phase.items() if phase not in LEFT_OUT)


def _larger(a: tuple[int | None, int | None] | None, b: tuple[int | None, int | None]) -> tuple[int | None, int | None]:
    if a is None:
        return b
    allocated, reserved = (max(readings.present(pair), default=None) for pair in zip(a, b, strict=True))
    return allocated, reserved


def _device_totals(tallies: list[readings.Tally]) -> Row:
    whole = readings.merge(tallies)
    return {
        "cost/energy": readings.joules(whole),
        "cost/gpu/utilisation": readings.mean_utilisation(whole),
        "cost/gpu/temperature_max": readings.max_temperature(whole),
        "cost/gpu/sm_clock_min": readings.min_sm_clock(whole),
        "cost/gpu/throttled_fraction": readings.throttled_fraction(whole),
    }
