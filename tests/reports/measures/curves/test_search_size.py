"""How large a search has to be, by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path
from statistics import fmean

from rlvr_bench.reports.load import Cell, load
from rlvr_bench.reports.measures.curves.search_size import (
    matched_searches,
    near,
    trials_interval,
    trials_to_reach,
    yardstick,
)
from tests.reports import core
from tests.reports.decimals import close
from tests.reports.synthetic import Spec


def cells_of(folder: Path, *specs: Spec) -> tuple[Cell, ...]:
    study = load(core.write_parts(folder, {replace(core.SEARCH, seeds=(1,)): specs}, steps=5))
    return study.cells(study.manifest.parts[0])


def trials(algorithm: str, *finals: float) -> list[Spec]:
    found = core.trials(algorithm, len(finals))
    return [replace(spec, final=lambda seed, v=v: v) for spec, v in zip(found, finals, strict=True)]


def test_the_yardstick_is_one_for_both(tmp_path: Path) -> None:
    both = matched_searches(cells_of(tmp_path, *trials("grpo", 0.5, 0.7, 0.8), *trials("ppo", 0.69, 0.73, 0.1)))
    assert both is not None
    assert [s.name for s in both] == ["ppo", "grpo"]  # the one with a critic first
    close(yardstick(both), 0.72)
    assert [near(s, yardstick(both)) for s in both] == [1, 1]
    assert [near(s, yardstick([s])) for s in both] == [2, 1]  # of .657, and of .72


def test_one_search_is_compared_with_nothing(tmp_path: Path) -> None:
    assert matched_searches(cells_of(tmp_path, *trials("ppo", 0.5, 0.7))) is None


def test_the_trials_that_it_takes() -> None:
    scores = [0.2, 0.4, 0.6, 0.8]
    means = [fmean(max(s) for s in combinations(scores, k)) for k in range(1, 5)]  # .5, .667, .75, .8
    assert [trials_to_reach(scores, m - 1e-9) for m in means] == [1, 2, 3, 4]
    assert trials_to_reach(scores, 0.81) is None


def test_its_interval_holds_it_and_says_where_all_are_too_few() -> None:
    scores = [0.1 * i for i in range(10)]
    found = trials_to_reach(scores, 0.7)
    low, high = trials_interval(scores, 0.7)
    assert found is not None and low is not None
    assert low <= found and (high is None or found <= high)
    assert trials_interval([0.5] * 6, 0.4) == (1, 1)
    assert trials_interval([0.5] * 6, 0.6) == (None, None)
