"""Peaks of PyTorch's CUDA allocator in a phase."""

from __future__ import annotations

from typing import Any, Literal

import torch


class AllocatorMeter:
    """Resets the peaks at the beginning of a phase and reads them at its end.

    Args:
        device: the device of the run; only a CUDA device has this allocator.
        cuda: stands in for `torch.cuda`.
    """

    def __init__(self, device: torch.device, cuda: Any = None) -> None:
        self._device = device
        self._cuda = (cuda or torch.cuda) if device.type == "cuda" else None

    def reset(self) -> None:
        if self._cuda is not None:
            self._cuda.reset_peak_memory_stats(self._device)

    def peaks(self) -> tuple[int | None, int | None]:
        """Largest allocated and largest reserved bytes since `reset`; None without CUDA."""
        if self._cuda is None:
            return None, None
        return self._cuda.max_memory_allocated(self._device), self._cuda.max_memory_reserved(self._device)

    def source(self) -> tuple[Literal["cuda"] | None, str]:
        """Source, and what it means or why there is none."""
        if self._cuda is None:
            return None, f"the run is on {self._device.type}, which has no CUDA allocator"
        return "cuda", "tensors and caching of PyTorch's CUDA allocator, context and libraries left out"
