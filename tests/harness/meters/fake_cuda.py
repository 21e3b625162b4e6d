"""A small substitute for the allocator in `torch.cuda`."""

from __future__ import annotations

import torch


class FakeCuda:
    """A CUDA allocator: `hold` sets what is allocated; reserved is twice the most since it was emptied."""

    def __init__(self) -> None:
        self.now = self.peak = self.cached = self.cached_peak = 0

    def hold(self, size: int) -> None:
        self.now = size
        self.peak = max(self.peak, size)
        self.cached = max(self.cached, 2 * size)
        self.cached_peak = max(self.cached_peak, self.cached)

    def empty_cache(self) -> None:
        self.cached = 2 * self.now

    def reset_peak_memory_stats(self, device: torch.device) -> None:
        self.peak, self.cached_peak = self.now, self.cached

    def max_memory_allocated(self, device: torch.device) -> int:
        return self.peak

    def max_memory_reserved(self, device: torch.device) -> int:
        return self.cached_peak
