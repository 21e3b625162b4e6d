"""How the true reward follows the distance is judged here, over the reward models of all cells of an algorithm.

reward.form        Fitted up to half of a run's largest distance, d (alpha - beta log d) predicts the true reward beyond
                   it: its root mean square error is below WITHIN.  Supported if the interval lies below, refuted if
                   above.
reward.best-of-n   At equal distance from the base model, the best of n completions under the same reward model has a
                   higher true reward than the trained policy.  Compared is the mean of the difference over the quarter
                   points of the stretch of distances that both curves of a reward model cover.

A value is a seed's: the mean over the cells of the algorithm, whose reward models of one seed share a base model.
Neither is asked of a study whose runs did not record the KL over the vocabulary (`measure.exact_kl`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import TypeVar

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.matching import algorithm
from rlvr_bench.reports.cells.pairing import Paired
from rlvr_bench.reports.cells.reward_setting import LEARNED, reward_setting
from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.claims.judged import Proposition, alone, describe
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.overoptimization import EXACT_KL, TRUE, path, quarter_points
from rlvr_bench.reports.measures.proxies.best_of import best_of
from rlvr_bench.reports.measures.proxies.fits import fitted_run
from rlvr_bench.reports.stats import at_distances

Value = TypeVar("Value")
WITHIN = 0.05  # of true reward


def form(cells: Sequence[Cell]) -> list[Finding]:
    """reward.form"""
    return [_form(name, mine) for name, mine in _by_algorithm(cells).items() if _by_seed(mine, _error)]


def best_of_n(cells: Sequence[Cell]) -> list[Finding]:
    """reward.best-of-n"""
    return [_best_of(name, mine) for name, mine in _by_algorithm(cells).items() if _by_seed(mine, _levels)]


def _form(name: str, cells: Sequence[Cell]) -> Finding:
    values = {seed: fmean(each) for seed, each in _by_seed(cells, _error).items()}
    still = [h.still for c in cells for r in c.finished if (h := fitted_run(r).half)]
    proposition = Proposition(
        id="reward.form",
        claim=f"Under {name}, alpha and beta of the first half of the distances predict the true reward of the second "
        f"half within {100 * WITHIN:g} points.",
        question="reward",
        kind="less",
        margin=0.0,
        center=WITHIN,
        unit="points",
        noun="the root mean square error",
    )
    return describe(
        proposition,
        alone(list(values), list(values.values())),
        equal=f"{numbers.count(len(cells), 'cell')} of {name}, each run against itself",
        rule="A seed's value is the mean over its reward models of the error of prediction less observation.",
        note=f"Staying at the level last seen has an error of {100 * fmean(still):.1f} points.",
    )


def _best_of(name: str, cells: Sequence[Cell]) -> Finding:
    found = _by_seed(cells, _levels)
    picked, trained = (tuple(fmean(pair[i] for pair in each) for each in found.values()) for i in (0, 1))
    proposition = Proposition(
        id="reward.best-of-n",
        claim=f"At equal distance from the base model, the best of n has a higher true reward than {name} under the "
        "same reward model.",
        question="reward",
        kind="greater",
        margin=0.0,
        pair=("best of n", name),
        unit="points",
    )
    return describe(
        proposition,
        Paired(tuple(found), picked, trained),
        equal="the reward model, the base model and the distance",
        rule="Mean over the quarter points of the distances that both curves of a reward model cover, then over the "
        "reward models of a seed. The distance of the best of n is analytic, and an upper bound where completions are "
        "equal.",
    )


def _by_algorithm(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """Cells that were trained on a reward model alone, by the algorithm's name in a sentence."""
    found: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        if reward_setting(cell).source == LEARNED and algorithm(cell):
            found[algorithm(cell).upper()].append(cell)
    return found


def _by_seed(cells: Sequence[Cell], measure: Callable[[Run], Value | None]) -> dict[int, list[Value]]:
    found: dict[int, list[Value]] = defaultdict(list)
    for cell in cells:
        for run in cell.finished:
            if (value := measure(run)) is not None:
                found[run.seed].append(value)
    return dict(found)


def _error(run: Run) -> float | None:
    half = fitted_run(run).half
    return half.error if half else None


def _levels(run: Run) -> tuple[float, float] | None:
    """Mean true reward of the best of n and of the run at the quarter points of what both cover."""
    curves = best_of(run), path(run, TRUE) if run.series(EXACT_KL) else []
    distances = quarter_points(curves) if all(curves) else ()
    if not distances:
        return None
    picked, trained = (float(at_distances(curve, distances).mean()) for curve in curves)
    return picked, trained
