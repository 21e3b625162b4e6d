"""Fits of whole cells: the parameters that the synthetic curves were made with come out again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.measures.proxies.fits import fitted_cells, fitted_run, gains
from tests.reports.decimals import close
from tests.reports.proxies import gain, spec, study


def test_a_cell_over_its_reward_models_and_the_best_of_n(tmp_path: Path) -> None:
    cells = study(tmp_path, spec("few", "grpo", 0.3, 0.2, best=0.1))
    trained, picked = fitted_cells(cells)
    assert (trained.label, picked.label) == ("GRPO, few", "best of n, reward model, 512 pairs")
    assert (len(trained.curves), len(picked.curves)) == (3, 1)  # the three runs have one reward model here
    alpha = trained.over_models(lambda one: one.whole.alpha if one.whole else None)
    # By seed .30, .31 and .32; points are means of blocks of two steps, which bend a little less than the form.
    assert alpha is not None and alpha.n == 3
    close([alpha.value, (alpha.high or 0) - (alpha.low or 0)], [0.31, 2 * 0.02484], places=2)
    close([picked.curves[0].whole.alpha, picked.curves[0].whole.beta], [0.1, 0.0], places=9)


def test_the_distance_is_of_the_exact_kl_and_the_gain_of_the_evaluated_base_model(tmp_path: Path) -> None:
    (cell,) = study(tmp_path, spec("few", "grpo", 0.3, 0.2), seeds=1)
    points = gains(cell.runs[0])
    close(points[0], (0.0, 0.0))
    close(points[-1][0], 2.0, places=1)  # three times as much KL by the estimate, which is not read
    close(points[-1][1], gain(0.3, 0.2, points[-1][0]), places=2)
    unevaluated = replace(cell.runs[0], metrics=cell.runs[0].metrics[1:])
    close(gains(unevaluated)[0], (0.0, 0.0))


def test_a_late_fall_is_not_foretold(tmp_path: Path) -> None:
    kept, fallen = study(tmp_path, spec("few", "grpo", 0.3, 0.2), spec("worse", "grpo", 0.3, 0.2, late=0.2), seeds=1)
    errors = [fitted_run(cell.runs[0]).half for cell in (kept, fallen)]
    assert errors[0] and errors[1]
    assert errors[0].error < 0.01
    close([errors[1].error, errors[1].bias], [0.2, 0.2], places=2)


def test_nothing_is_fitted_to_an_estimate_of_the_kl(tmp_path: Path) -> None:
    one = spec("few", "grpo", 0.3, 0.2)

    def more(seed: int, step: int, done: float) -> dict[str, float | None]:
        return {k: v for k, v in one.more(seed, step, done).items() if "exact" not in k}

    cells = study(tmp_path, replace(one, more=more, facts={}), seeds=1)
    assert gains(cells[0].runs[0]) == [] and fitted_cells(cells) == ()
