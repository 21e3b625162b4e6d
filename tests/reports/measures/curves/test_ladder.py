"""Baselines: variance over the oracle's within a row, geometric over seeds; and when a point agrees with EVPO."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.curves.ladder import critic_points, rungs
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


def row(step: int, explained: float | None = None, **variances: float | None) -> dict[str, Any]:
    of = {n.replace("_", " "): {"variance": v, "cosines": [0.2, 0.4], "scale": 1.0} for n, v in variances.items()}
    return {"step": step, "explained_variance": explained, "rungs": of}


def cell_with(folder: Path, *by_seed: list[dict[str, Any]], **more: Any) -> Cell:
    spec = replace(CELLS[1], ladder=lambda seed: by_seed[seed], **more)
    return cells_of(folder, spec, seeds=len(by_seed))[0]


def test_each_seed_is_held_against_its_own_oracle(tmp_path: Path) -> None:
    """6 / 2 and 48 / 4 are 3 and 12, whose geometric mean is 6; of the variances themselves sqrt(6 * 48) = 16.97."""
    cell = cell_with(tmp_path, [row(0, none=6.0, oracle=2.0)], [row(0, none=48.0, oracle=4.0)])
    none, oracle = rungs(cell)
    assert (none.rung, none.step, oracle.rung) == ("none", 0, "oracle")
    assert none.relative and oracle.relative
    close([none.relative.value, oracle.relative.value], [6, 1])
    close(none.variance.value, 16.970563, places=5)
    # log 3 and log 12: standard deviation log(4) / sqrt 2, over sqrt 2: log(2); t(.975; 1) = 12.7062
    assert none.relative.low is not None
    close(none.relative.low, 6 * 2**-12.7062, places=6)
    close(none.cosine.value, 0.3)


def test_rungs_and_steps_are_in_their_order(tmp_path: Path) -> None:
    rows = [row(0, mine=1.0, oracle=1.0), row(20, oracle=1.0, critic=1.0, none=2.0)]
    found = [(n.step, n.rung) for n in rungs(cell_with(tmp_path, rows))]
    assert found == [(0, "oracle"), (0, "mine"), (20, "none"), (20, "critic"), (20, "oracle")]


def test_without_an_oracle_there_is_no_relative_variance_and_without_a_policy_gradient_nothing(tmp_path: Path) -> None:
    (alone,) = rungs(cell_with(tmp_path / "a", [row(0, none=6.0)]))
    assert alone.relative is None
    assert rungs(cell_with(tmp_path / "b", [{"step": 0, "rungs": {}}])) == ()
    assert rungs(cell_with(tmp_path / "c", [row(0, none=None, oracle=0.0)])) == ()
    assert rungs(cell_with(tmp_path / "d", [row(0, none=6.0)], status={0: "oom"})) == ()


def test_a_point_agrees_exactly_if_both_say_the_same(tmp_path: Path) -> None:
    rows = [
        row(0, 0.3, critic=1.0, batch_mean=2.0),  # explains, and helps
        row(1, 0.3, critic=3.0, batch_mean=2.0),  # explains, and harms
        row(2, -0.3, critic=1.0, batch_mean=2.0),
        row(3, -0.3, critic=3.0, batch_mean=2.0),
        row(4, None, critic=3.0, batch_mean=2.0),
        row(5, 0.3, batch_mean=2.0),
    ]
    found = critic_points([cell_with(tmp_path, rows)])
    assert [(p.step, p.ratio, p.agrees) for p in found] == [
        (0, 0.5, True),
        (1, 1.5, False),
        (2, 0.5, False),
        (3, 1.5, True),
    ]
