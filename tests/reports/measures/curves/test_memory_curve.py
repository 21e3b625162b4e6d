"""Savings of memory: which cells make a pair, by configuration alone, and the saving with its interval."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.load import Cell, load
from rlvr_bench.reports.measures.curves.memory_curve import curve_pairs, is_curve, saving_points
from tests.reports import core
from tests.reports.decimals import close
from tests.reports.synthetic import CELLS, MIB, Spec


def study(folder: Path, *specs: Spec, seeds: tuple[int, ...] = (1, 2)) -> tuple[Cell, ...]:
    loaded = load(core.write_parts(folder, {replace(core.CURVE, seeds=seeds): specs}))
    return loaded.cells(loaded.manifest.parts[0])


def sized(spec: Spec, name: str, model: str, peak: float, **settings: dict) -> Spec:
    return replace(
        spec, name=name, settings={"model": {"name": model}, **settings}, peak=lambda seed: peak * seed * MIB
    )


def four(folder: Path) -> tuple[Cell, ...]:
    return study(
        folder,
        sized(CELLS[1], "x", "tiny:64x2", 100), sized(CELLS[2], "y", "tiny:64x2", 80),
        sized(CELLS[1], "v", "tiny:128x2", 200), sized(CELLS[2], "w", "tiny:128x2", 120),
    )  # fmt: skip


def test_pairs_differ_in_the_algorithm_and_its_critic_alone(tmp_path: Path) -> None:
    cells = four(tmp_path / "four")
    assert [(a.name, b.name) for a, b in curve_pairs(cells)] == [("x", "y"), ("v", "w")]
    assert is_curve(cells)
    other = study(
        tmp_path / "other",
        sized(CELLS[1], "a", "tiny:64x2", 1, train={"critic_lr": 0.5}),
        sized(CELLS[2], "b", "tiny:64x2", 1, train={"critic_lr": 0.1}),  # the critic's, which GRPO has none of
        sized(CELLS[1], "c", "tiny:64x4", 1, rollout={"max_tokens": 64}),
        sized(CELLS[2], "d", "tiny:64x4", 1, rollout={"max_tokens": 65}),
        sized(CELLS[0], "e", "tiny:64x8", 1),  # with a reward model, which no GRPO here has
        sized(CELLS[2], "f", "tiny:64x8", 1),
    )
    assert [(a.name, b.name) for a, b in curve_pairs(other)] == [("a", "b")]


def test_one_size_is_no_curve(tmp_path: Path) -> None:
    cells = study(tmp_path, *CELLS)
    assert len(curve_pairs(cells)) == 1
    assert not is_curve(cells)
    assert saving_points(cells) == ()


def test_the_saving_is_paired_over_seeds(tmp_path: Path) -> None:
    """Peaks double from seed to seed, GRPO's are .8 and .6 of PPO's at each: intervals without width."""
    small, large = saving_points(four(tmp_path))
    found = {p.model: p for p in (small, large)}
    first, second = found["tiny:64x2"].measured, found["tiny:128x2"].measured
    assert first and second and first.low is not None
    close([first.value, first.low, second.value], [0.2, 0.2, 0.4])
    # states: PPO 16 + 16 + 4 bytes a parameter, GRPO 16 + 4
    close(small.states, 1 - 20 / 36)
    peaks = found["tiny:64x2"].peaks
    assert peaks is not None
    close([e.value / MIB for e in peaks], [150, 120])


def test_an_interval_holds_the_saving_and_its_ends_are_in_order(tmp_path: Path) -> None:
    points = saving_points(study(tmp_path, *core.sizes(), seeds=(1, 2, 3)))
    assert [p.tokens for p in points] == sorted(p.tokens for p in points)
    assert len(points) == 12
    for p in points:
        assert p.measured and p.measured.low is not None and p.measured.high is not None
        assert p.measured.low < p.measured.value < p.measured.high
        assert p.predicted is not None and p.predicted < p.states
