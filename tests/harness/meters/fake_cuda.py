"""A small substitute for the allocator in `torch.cuda`."""

from __future__ import annotations

import torch


class FakeCuda:
    """A CUDA allocator: `hold` sets what is allocated; reserved is twice that."""

    def __init__(self) -> None:
        self.now = self.peak = 0

    def hold(self, size: int) -> None:
        self.now = size
        self.peak = max(self.peak, size)

    def reset_peak_memory_stats(self, device: torch.device) -> None:
        self.peak = self.now

    def max_memory_allocated(self, device: torch.device) -> int:
        return self.peak

    def max_memory_reserved(self, device: torch.device) -> int:
        return 2 * self.peak
