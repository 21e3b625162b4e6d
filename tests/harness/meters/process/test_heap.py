"""Memory that the C library keeps goes back to the system."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import psutil
import pytest

from rlvr_bench.harness.meters.process import heap

BLOCK, COUNT = 64 << 10, 1000  # small enough that the C library keeps them in its heap
HAS_TRIM = hasattr(ctypes.CDLL(None), "malloc_trim")


@pytest.fixture(autouse=True)
def looked_up_anew() -> Iterator[None]:
    heap._malloc_trim.cache_clear()
    yield
    heap._malloc_trim.cache_clear()


@pytest.mark.skipif(not HAS_TRIM, reason="the C library has no malloc_trim")
def test_freed_blocks_below_one_that_is_held_go_back() -> None:
    def resident() -> int:
        return psutil.Process().memory_info().rss

    heap.trim()
    blocks = [bytearray(BLOCK) for _ in range(COUNT)]
    plug = bytearray(BLOCK)  # the heap shrinks by itself only at its end
    full = resident()
    blocks.clear()
    kept = resident()
    assert heap.trim()
    assert kept - resident() > 0.8 * BLOCK * COUNT > full - kept
    assert len(plug) == BLOCK


@pytest.mark.parametrize("error", [None, OSError, TypeError])
def test_another_c_library_is_left_alone(error: type[Exception] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def library(_: None) -> object:
        if error is not None:
            raise error
        return object()

    monkeypatch.setattr(ctypes, "CDLL", library)
    assert heap.trim() is False
