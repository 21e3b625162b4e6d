"""When a checkpoint is due."""

from __future__ import annotations

import pytest

from rlvr_bench.harness.state import pace
from rlvr_bench.harness.state.pace import Pace


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(pace.time, "monotonic", found)
    return found


def taken(every: object, clock: Clock, *, steps: int, step_s: float, cost_s: float, size: int, last: bool) -> list[int]:
    found, asked = [], Pace(every, size=size, last=last)  # type: ignore[arg-type]
    for step in range(1, steps + 1):
        clock.now += step_s
        if asked.due(step, steps):
            with asked.taken():
                clock.now += cost_s
            found.append(step)
    return found


def test_every_so_many_steps_and_at_the_end(clock: Clock) -> None:
    assert taken(4, clock, steps=10, step_s=1, cost_s=9, size=0, last=False) == [4, 8, 10]
    assert taken(0, clock, steps=10, step_s=1, cost_s=9, size=0, last=True) == []


def test_auto_takes_one_percent_at_most(clock: Clock) -> None:
    found = taken("auto", clock, steps=1000, step_s=1.0, cost_s=0.5, size=0, last=False)
    assert found[0] == 1  # nothing is known yet of what it costs
    assert 15 <= len(found) <= 20
    assert 0.5 * len(found) <= 0.01 * 1000 + 0.5


def test_auto_does_not_begin_with_one_that_is_too_large(clock: Clock) -> None:
    large = int(10 * pace.BYTES_PER_SECOND)  # ten seconds, of 100
    assert taken("auto", clock, steps=100, step_s=1.0, cost_s=10.0, size=large, last=False) == []
    assert taken("auto", clock, steps=100, step_s=1.0, cost_s=10.0, size=large, last=True) == [100]
