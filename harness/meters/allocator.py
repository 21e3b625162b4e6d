"""Peaks of PyTorch's CUDA allocator in a phase, and what allocators keep given back."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, Self

import torch

from rlvr_bench.harness.meters.process import heap
from rlvr_bench.harness.meters.readings import present
from rlvr_bench.harness.records import MetricsRow, Phase

Peaks = tuple[int | None, int | None]


class AllocatorMeter:
    """Resets the peaks at the beginning of a phase and reads them at its end.

    Args:
        device: the device of the run; only a CUDA device has this allocator.
        cuda: used instead of `torch.cuda`.
        trim: used instead of `heap.trim`.
    """

    def __init__(self, device: torch.device, cuda: Any = None, trim: Callable[[], object] = heap.trim) -> None:
        self._device, self._trim = device, trim
        self._cuda = (cuda or torch.cuda) if device.type == "cuda" else None
        self._peaks: dict[Phase, Peaks] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to release."""

    def reset(self) -> None:
        self._peaks = {}

    def begin(self, phase: Phase) -> None:
        if self._cuda is not None:
            self._cuda.reset_peak_memory_stats(self._device)

    def end(self, phase: Phase) -> None:
        found: Peaks = None, None
        if self._cuda is not None:
            found = self._cuda.max_memory_allocated(self._device), self._cuda.max_memory_reserved(self._device)
        self._peaks[phase] = _larger(self._peaks[phase], found) if phase in self._peaks else found

    def release(self) -> None:
        """Give back what is cached and in no use: PyTorch's blocks on CUDA, the C library's pages on a CPU."""
        if self._cuda is not None:
            self._cuda.empty_cache()
        else:
            self._trim()

    def row(self) -> MetricsRow:
        row: MetricsRow = {}
        for phase, (allocated, reserved) in self._peaks.items():
            row[f"cost/memory/allocated_peak/{phase}"] = allocated
            row[f"cost/memory/reserved_peak/{phase}"] = reserved
        self._peaks = {}
        return row

    def source(self) -> tuple[Literal["cuda"] | None, str]:
        """Source, and what it means or why there is none."""
        if self._cuda is None:
            return None, f"the run is on {self._device.type}, which has no CUDA allocator"
        return "cuda", "tensors and caching of PyTorch's CUDA allocator, context and libraries left out"


def _larger(a: Peaks, b: Peaks) -> Peaks:
    allocated, reserved = (max(present(pair), default=None) for pair in zip(a, b, strict=True))
    return allocated, reserved
