"""A run that is killed anywhere and resumed equals the one that was not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.schema import RunConfig
from tests.harness.small_runs import config
from tests.harness.state.kills import Points, killed_at, left, prepared, run_with

PPO: dict[str, Any] = {
    "algorithm": {"name": "ppo"},
    "train": {"steps": 3, "checkpoint_every": 1},
    "evaluate": {"every": 2, "items": 4, "samples": 2, "k": [2]},
}


Whole = tuple[RunConfig, int, dict[str, Any]]
_found: list[Whole] = []


@pytest.fixture
def whole(own_plugins: None, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The run without a kill, made once: its settings, how many points it has, and what it leaves."""
    if not _found:
        settings = config(**PPO)
        folder = prepared(tmp_path_factory.mktemp("whole") / "run", settings)
        points = Points(0)
        run_with(folder, points, resume=False)
        _found.append((settings, points.passed, left(folder)))
    return _found[0]


def check(whole: Whole, points: list[int], folder: Path) -> None:
    settings, _, expected = whole
    for point in points:
        run = prepared(folder / str(point), settings)
        assert killed_at(run, point), f"point {point} was not reached"
        run_with(run, Points(0), resume=True)
        assert left(run) == expected, f"killed at point {point}"


@pytest.mark.slow
def test_some_points(whole: Whole, tmp_path: Path) -> None:
    count = whole[1]
    assert count > 200
    check(whole, list(range(1, count + 1, count // 12)), tmp_path)


@pytest.mark.slow
def test_every_point(whole: Whole, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = whole[1]
    check(whole, list(range(1, count + 1)), tmp_path)
    with capsys.disabled():
        print(f"\nkilled and resumed at {count} points: all equal the uninterrupted run", file=sys.stderr)


def test_killed_twice(whole: Whole, tmp_path: Path) -> None:
    """Once in the middle, and once while it goes on."""
    settings, count, expected = whole
    run = prepared(tmp_path / "run", settings)
    assert killed_at(run, count // 2)
    assert killed_at(run, count // 4, resume=True)
    run_with(run, Points(0), resume=True)
    assert left(run) == expected
