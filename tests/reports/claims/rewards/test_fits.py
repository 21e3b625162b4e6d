"""Claims about curves over the distance come out every way."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr_bench.reports.claims.rewards import fits
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.proxies import spec, study
from tests.reports.synthetic import CELLS


@pytest.mark.parametrize(("late", "conclusion"), [(0.0, "supported"), (0.2, "refuted")])
def test_the_form_foretells_or_does_not(late: float, conclusion: str, tmp_path: Path) -> None:
    (found,) = fits.form(study(tmp_path, spec("few", "grpo", 0.3, 0.2, late=late)))
    assert (found.id, found.conclusion, found.n) == ("reward.form", conclusion, "3 seeds")
    assert found.holds == (float("-inf"), 0.05)
    assert "Staying at the level last seen has an error of" in found.note


@pytest.mark.parametrize(("best", "conclusion"), [(0.5, "supported"), (0.0, "refuted")])
def test_the_best_of_n_is_ahead_or_behind(best: float, conclusion: str, tmp_path: Path) -> None:
    (found,) = fits.best_of_n(study(tmp_path, spec("few", "grpo", 0.3, 0.1, best=best)))
    assert (found.conclusion, found.pair) == (conclusion, ("best of n", "GRPO"))


def test_each_algorithm_has_its_own_and_a_seed_is_the_mean_over_its_cells(tmp_path: Path) -> None:
    cells = study(
        tmp_path,
        spec("few", "grpo", 0.3, 0.2),
        spec("many", "grpo", 0.3, 0.2, late=0.2),
        spec("ppo-few", "ppo", 0.3, 0.2),
    )
    grpo, ppo = fits.form(cells)
    assert "Under GRPO" in grpo.claim and "Under PPO" in ppo.claim and "2 cells of GRPO" in grpo.equal
    close(grpo.estimate.value, 0.1, places=2)  # of 0 and .2
    assert ppo.conclusion == "supported"


def test_they_are_not_asked_where_the_distance_is_an_estimate(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, *CELLS, seeds=3, steps=8)
    assert fits.form(cells) == fits.best_of_n(cells) == []
