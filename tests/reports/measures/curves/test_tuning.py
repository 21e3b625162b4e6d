"""A search: scores of trials, the best of k without replacement, what was drawn."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path
from statistics import fmean

from rlvr_bench.reports.load import load
from rlvr_bench.reports.measures.curves.tuning import (
    Search,
    drawn_settings,
    expected_best,
    expected_best_band,
    final_validation,
    searches,
)
from tests.reports import core
from tests.reports.decimals import close
from tests.reports.synthetic import Spec


def study(folder: Path, *specs: Spec) -> tuple[Search, ...]:
    root = core.write_parts(folder, {replace(core.SEARCH, seeds=(1, 2)): specs}, steps=10)
    loaded = load(root)
    return searches(loaded.cells(loaded.manifest.parts[0]))


def trial(name: str, final: float, lr: float = 0.1, **more: object) -> Spec:
    return replace(
        core.CELLS[2], name=name, search="grpo", more=None, final=lambda seed: final + 0.02 * (seed - 1),
        settings={"train": {"lr": lr, "steps": 40}}, **more,
    )  # type: ignore[arg-type]  # fmt: skip


def test_the_expected_best_is_the_mean_over_all_subsets() -> None:
    scores = [0.3, 0.9, 0.1, 0.5]
    for k, found in enumerate(expected_best(scores), start=1):
        close(float(found), fmean(max(subset) for subset in combinations(scores, k)))
    close(expected_best([0.25]).tolist(), [0.25])


def test_of_several_sets_of_scores_at_once() -> None:
    close(expected_best([[0.0, 1.0], [3.0, 2.0]]).ravel().tolist(), [0.5, 1.0, 2.5, 3.0])


def test_the_band_holds_the_mean_and_never_passes_the_best() -> None:
    scores = [0.1 * i for i in range(10)]
    low, high = expected_best_band(scores)
    expected = expected_best(scores)
    assert (low <= expected).all() and (high[:3] >= expected[:3]).all()
    assert high.max() <= 0.9 + 1e-12
    # one draw: the bootstrap interval of a mean of .45 with standard deviation .287 over sqrt 10: .45 +- 1.96 * .091
    close([low[0], high[0]], [0.27, 0.63], places=1)


def test_a_trial_scores_the_mean_of_its_seeds_last_evaluations(tmp_path: Path) -> None:
    (search,) = study(tmp_path, trial("a", 0.5), trial("b", 0.8, 0.2), trial("c", 0.74, 0.3), trial("d", 0.2, 0.4))
    close([t.score for t in search.trials], [0.51, 0.81, 0.75, 0.21])
    assert search.best.cell.name == "b"
    assert search.best.settings == {"train.lr": 0.2}  # the number of steps was not drawn
    assert search.near_best == 0.5  # .75 is above .9 * .81 = .729


def test_diverged_trials_score_zero_and_unfinished_ones_are_missing(tmp_path: Path) -> None:
    broken = trial("a", 0.5, status={1: "diverged"})
    killed = trial("b", 0.5, 0.2, status={1: "oom"})
    gone = trial("c", 0.5, 0.3, status={1: "missing", 2: "torn"})
    (search,) = study(tmp_path, broken, killed, gone)
    assert [(t.cell.name, t.seeds) for t in search.trials] == [("a", 2), ("b", 1)]
    close([t.score for t in search.trials], [0.26, 0.52])
    assert search.planned == 3
    assert [final_validation(r) for r in search.trials[0].cell.runs] == [0.0, 0.52]


def test_searches_are_told_apart_and_other_cells_are_none(tmp_path: Path) -> None:
    found = study(
        tmp_path, trial("a", 0.5), replace(trial("b", 0.5), search="ppo"), replace(trial("c", 0.9), search="")
    )
    assert [(s.name, s.planned) for s in found] == [("grpo", 1), ("ppo", 1)]
    assert found[0].label == "grpo"
    named = replace(found[0].trials[0], cell=replace(found[0].best.cell, label="GRPO, mine, trial 1"))
    assert replace(found[0], trials=(named,)).label == "GRPO, mine"
    assert drawn_settings([found[0].best.cell]) == ()


def test_seeds_that_follow_the_runs_are_no_settings(tmp_path: Path) -> None:
    one = replace(trial("a", 0.5), settings={"train": {"lr": 0.1}, "warm_start": {"seed": 1}})
    other = replace(trial("b", 0.5), settings={"train": {"lr": 0.2}, "warm_start": {"seed": 2}})
    (search,) = study(tmp_path, one, other)
    assert [list(t.settings) for t in search.trials] == [["train.lr"]] * 2
