"""Whether completions grow and check themselves, and who lengthens what, is judged here by the algorithm.

Asked of the cells of a part whose task counts self-checks, each question of all cells of one algorithm together: a
seed's number is its mean over these cells, from the evaluation after the last planned step.

length.growth        Completions end longer than those of the base model: supported if the interval of the ratio lies
                     above 1, refuted if below.
length.reflection    More of them have a self-check than of the base model's: supported if the interval of the
                     difference lies above 0, refuted if below.
length.algorithm     GRPO and PPO, over the cells that both have (one aggregation, one weight and place of the KL), end
                     with one share of completions with a self-check, within MARGIN: an equivalence.
lengthening.answers  Wrong completions end longer than right ones: supported if the interval of the ratio lies above 1,
                     refuted if below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import fmean

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells.matching import algorithm, display, setting
from rlvr_bench.reports.cells.pairing import Paired
from rlvr_bench.reports.claims.finding import Claim, Finding, not_tested
from rlvr_bench.reports.claims.judged import Proposition, describe
from rlvr_bench.reports.load import Cell, Run
from rlvr_bench.reports.measures.curves.lengths import (
    CHECKED,
    LENGTH,
    RIGHT_LENGTH,
    WRONG_LENGTH,
    counted,
    first,
    kl_of,
    last,
)

GROWTH = "length.growth"
NEEDS = "it needs long completions, and KL placement and aggregation crossed with the algorithm."
MARGIN = 0.1
AFTER = "Evaluation after the last planned step; a seed's number is its mean over"

Number = Callable[[Run], float | None]


def length(cells: Sequence[Cell]) -> list[Finding]:
    """All four; a note of what it needs where no cell counted self-checks."""
    chosen = counted(cells)
    found = [f for mine in _by_algorithm(chosen).values() for claim in ALONE for f in claim(mine)]
    found += _algorithms(chosen)
    return found or [not_tested(GROWTH, "Growing length and reflection need GRPO; PPO fails on long sequences.", NEEDS)]


def _growth(cells: Sequence[Cell]) -> list[Finding]:
    values = _pair(_means(cells, partial(last, metric=LENGTH)), _means(cells, partial(first, metric=LENGTH)))
    proposition = Proposition(
        id=GROWTH,
        claim=f"Completions of {display(cells[0])} end longer than those of the base model.",
        question="length",
        kind="greater",
        margin=1.0,
        scale="ratio",
        pair=(f"{display(cells[0])} at the end", "base model"),
    )
    return _described(proposition, values, cells, f"Means {_tokens(values.a)} against {_tokens(values.b)}.")


def _reflection(cells: Sequence[Cell]) -> list[Finding]:
    values = _pair(_means(cells, partial(last, metric=CHECKED)), _means(cells, partial(first, metric=CHECKED)))
    proposition = Proposition(
        id="length.reflection",
        claim=f"More completions of {display(cells[0])} check themselves at the end than of the base model.",
        question="length",
        kind="greater",
        margin=0.0,
        pair=(f"{display(cells[0])} at the end", "base model"),
        unit="points",
    )
    return _described(proposition, values, cells, f"Shares {_share(values.a)} against {_share(values.b)}.")


def _answers(cells: Sequence[Cell]) -> list[Finding]:
    ends = [_means(cells, partial(last, metric=metric)) for metric in (WRONG_LENGTH, RIGHT_LENGTH)]
    values, begun = _pair(*ends), [_means(cells, partial(first, metric=m)) for m in (WRONG_LENGTH, RIGHT_LENGTH)]
    base = _pair(*begun)
    proposition = Proposition(
        id="lengthening.answers",
        claim=f"Wrong completions of {display(cells[0])} end longer than right ones.",
        question="length",
        kind="greater",
        margin=1.0,
        scale="ratio",
        pair=(f"wrong of {display(cells[0])}", "right"),
    )
    note = (
        f"Means {_tokens(values.a)} against {_tokens(values.b)}; of the base model {_tokens(base.a)} against "
        f"{_tokens(base.b)}."
    )
    return _described(proposition, values, cells, note)


ALONE: tuple[Claim, ...] = (_growth, _reflection, _answers)


def _algorithms(cells: Sequence[Cell]) -> list[Finding]:
    """length.algorithm, of GRPO and PPO."""
    arms = {name: {arm(c): c for c in mine} for name, mine in _by_algorithm(cells).items()}
    both = [a for a in arms.get("grpo", {}) if a in arms.get("ppo", {})]
    if not both:
        return []
    grpo, ppo = ([arms[name][a] for a in both] for name in ("grpo", "ppo"))
    values = _pair(_means(grpo, partial(last, metric=CHECKED)), _means(ppo, partial(last, metric=CHECKED)))
    proposition = Proposition(
        id="length.algorithm",
        claim=f"GRPO and PPO end with one share of completions that check themselves, within {100 * MARGIN:g} points.",
        question="length",
        kind="equivalent",
        margin=MARGIN,
        pair=("GRPO", "PPO"),
        unit="points",
    )
    return _described(proposition, values, grpo, f"Shares {_share(values.a)} against {_share(values.b)}.")


def arm(cell: Cell) -> tuple[str, float, str]:
    """How a cell's loss is aggregated, the weight of its KL, and where that is placed; "" without one."""
    return str(setting(cell, "algorithm", "aggregation")), *kl_of(cell)


def _by_algorithm(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(algorithm(cell), []).append(cell)
    return found


def _means(cells: Sequence[Cell], number: Number) -> dict[int, float]:
    """Of each seed that finished with the number in every cell, its mean over them."""
    each: list[Mapping[int, float]] = [
        {run.seed: value for run in cell.finished if (value := number(run)) is not None} for cell in cells
    ]
    seeds = [seed for seed in each[0] if all(seed in found for found in each)]
    return {seed: fmean(found[seed] for found in each) for seed in seeds}


def _pair(a: Mapping[int, float], b: Mapping[int, float]) -> Paired:
    seeds = tuple(seed for seed in a if seed in b)
    return Paired(seeds, tuple(a[s] for s in seeds), tuple(b[s] for s in seeds))


def _described(proposition: Proposition, values: Paired, cells: Sequence[Cell], note: str) -> list[Finding]:
    """Nothing where no seed finished in all of the cells."""
    if not values.seeds:
        return []
    rule = f"{AFTER} {numbers.count(len(cells), 'cell')}."
    equal = "the same base models, prompts and settings but for aggregation and KL"
    return [describe(proposition, values, equal=equal, rule=rule, note=note)]


def _tokens(values: Sequence[float]) -> str:
    return f"{fmean(values):.1f} tokens" if values else "none"


def _share(values: Sequence[float]) -> str:
    return numbers.percent(fmean(values)) if values else "none"
