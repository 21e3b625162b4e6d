"""Comparing with numbers worked by hand: equal to as many decimals as were written down."""

from __future__ import annotations

from collections.abc import Sequence


def close(actual: float | Sequence[float], expected: float | Sequence[float], places: int = 9) -> None:
    """Each number agrees within one unit of the last decimal."""
    found = [actual] if isinstance(actual, (int, float)) else list(actual)
    wanted = [expected] if isinstance(expected, (int, float)) else list(expected)
    assert len(found) == len(wanted)
    assert all(abs(a - e) < 10.0**-places for a, e in zip(found, wanted, strict=True)), (found, wanted)
