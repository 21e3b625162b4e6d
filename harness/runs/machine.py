"""Threads and processors of a run."""

from __future__ import annotations


def use_threads(threads: int) -> None:
    """Let torch compute with so many threads; 0 leaves it as it is: all cores that this process may use."""
    import torch

    if threads:
        torch.set_num_threads(threads)
