"""A run that is killed anywhere and resumed equals the one that was not."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.harness.config.schema import RunConfig
from tests.harness.small_runs import config
from tests.harness.state.kills import Points, killed_at, left, prepared, run_with, settle

EVALUATE = {"every": 2, "items": 4, "samples": 2, "k": [2], "final_items": 6}
RUNS: dict[str, dict[str, Any]] = {
    "ppo": {"algorithm": {"name": "ppo"}, "train": {"steps": 3, "checkpoint_every": 1}, "evaluate": EVALUATE},
    # Checkpoints that are not of every step, several optimizer steps a rollout, the controls' measurements between.
    "grpo": {
        "algorithm": {"name": "grpo"},
        "train": {"steps": 5, "checkpoint_every": 2, "epochs": 2, "minibatches": 2},
        "evaluate": EVALUATE,
        "measure": {"ladder_steps": [0, 3], "ladder_batches": 2, "ladder_oracle": 2},
    },
}
SHORT = 3  # steps of the run that is to take more


@dataclass(frozen=True)
class Whole:
    """A run without a kill."""

    settings: RunConfig
    points: int
    left: dict[str, Any]


_found: dict[str, Whole] = {}


@pytest.fixture(params=RUNS)
def whole(request: pytest.FixtureRequest, own_plugins: None, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """Made once for each of RUNS."""
    name = request.param
    if name not in _found:
        settings = config(**RUNS[name])
        folder = prepared(tmp_path_factory.mktemp("whole") / "run", settings)
        points = Points(0)
        run_with(folder, points, resume=False)
        _found[name] = Whole(settings, points.passed, left(folder))
    return _found[name]


def check(whole: Whole, points: list[int], folder: Path) -> None:
    for point in points:
        run = prepared(folder / str(point), whole.settings)
        assert killed_at(run, point), f"point {point} was not reached"
        run_with(run, Points(0), resume=True)
        assert left(run) == whole.left, f"killed at point {point}"


@pytest.mark.slow
def test_some_points(whole: Whole, tmp_path: Path) -> None:
    assert whole.points > 200
    check(whole, list(range(1, whole.points + 1, whole.points // 12)), tmp_path)


@pytest.mark.slow
def test_every_point(whole: Whole, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(whole, list(range(1, whole.points + 1)), tmp_path)
    with capsys.disabled():
        print(f"\nkilled and resumed at {whole.points} points: all equal the uninterrupted run", file=sys.stderr)


@pytest.mark.slow
def test_a_run_that_is_given_more_steps(whole: Whole, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It ends as SHORT steps, is given the rest, and is killed on its way there; at the first points too."""
    more = replace(whole.settings, train=replace(whole.settings.train, steps=SHORT + 2))
    straight = prepared(tmp_path / "straight", more)
    run_with(straight, Points(0), resume=False)
    short = prepared(tmp_path / "short", replace(more, train=replace(more.train, steps=SHORT)))
    run_with(short, Points(0), resume=False)
    point, killed = 0, True
    while killed:
        point += 1 if point < 20 else 9
        run = Path(shutil.copytree(short, tmp_path / str(point)))
        settle(run, more)
        killed = killed_at(run, point, resume=True)
        run_with(run, Points(0), resume=True)
        assert left(run) == left(straight), f"killed at point {point}"
    assert point > 100
    with capsys.disabled():
        print(f"\ngiven more steps and killed at points up to {point}: all equal the one without", file=sys.stderr)


def test_killed_twice(whole: Whole, tmp_path: Path) -> None:
    """Once in the middle, and once while it goes on."""
    settings, count, expected = whole.settings, whole.points, whole.left
    run = prepared(tmp_path / "run", settings)
    assert killed_at(run, count // 2)
    assert killed_at(run, count // 4, resume=True)
    run_with(run, Points(0), resume=True)
    assert left(run) == expected
