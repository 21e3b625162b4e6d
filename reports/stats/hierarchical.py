"""Intervals of a paired difference when what is repeated is nested: runs in reward models in base models.

Ten runs of one reward model are one reward model.  The bootstrap here draws base models, within each of them reward
models, within each of those runs.  How often a nominal 95 % interval held the truth (600 simulated studies a row,
standard deviations 1, .7, .5 of base, reward model, run, and .3, .3, 1):

    bases x reward models x runs    bootstrap      Student's over the bases' means
    3 x 1 x 3                       .77  .89       .96  .95
    3 x 1 x 4                       .76  .89       .93  .94
    3 x 2 x 3                       .83  .95       .96  .96
    3 x 3 x 4                       .85  .96       .95  .96
    3 x 1-3 x 3-4                   .80  .95       .96  .95
    5 x 2 x 3                       .89  .98       .96  .96
    10 x 2 x 3                      .93  .98       .96  .94
    20 x 2 x 3                      .95  .98       .95  .95

So below FEW_BASES bases the interval is Student's of the bases' means, with n = the number of bases, at every depth and
however unequal the branches.  tests/reports/stats/test_hierarchical.py repeats a smaller simulation.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from rlvr_bench.reports.stats.estimate import LEVEL, REPLICATES, Array, Estimate, percentiles
from rlvr_bench.reports.stats.intervals import t_interval

Unit = Literal["base model", "reward model", "run"]
UNITS: tuple[Unit, ...] = ("base model", "reward model", "run")
FEW_BASES = 20
Tree: TypeAlias = "list[Tree] | Array"  # the leaves are the runs of one reward model


class Label(NamedTuple):
    """Where a value comes from.  A run's seed means nothing outside its reward model, nor that outside its base."""

    base: Hashable
    reward_model: Hashable
    run: Hashable


@dataclass(frozen=True)
class HierarchicalEstimate:
    """An interval, and the unit that it generalizes over: with one base model, only over what was drawn below it."""

    estimate: Estimate  # n = how many such units
    unit: Unit


def paired_labels(a: Mapping[Label, float], b: Mapping[Label, float]) -> dict[Label, float]:
    """a - b of every label that both cells have, in the order of a."""
    return {label: value - b[label] for label, value in a.items() if label in b}


def hierarchical_bootstrap(
    differences: Mapping[Label, float], rng: np.random.Generator, *, level: float = LEVEL, replicates: int = REPLICATES
) -> Estimate:
    """Percentile interval of the mean of the bases' means, each the mean of its reward models' means.

    Raises:
        ValueError: there are no differences.
    """
    tree = _tree(differences)
    low, high = percentiles(_draws(tree, replicates, rng), level)
    return Estimate(_mean(tree), low, high, len(tree), "bootstrap")


def hierarchical_interval(
    differences: Mapping[Label, float], rng: np.random.Generator, *, level: float = LEVEL
) -> HierarchicalEstimate:
    """The interval that is reported: Student's over the highest unit drawn more than once, bootstrap from FEW_BASES on.

    Raises:
        ValueError: there are no differences.
    """
    tree, depth = _tree(differences), 0
    while len(tree) == 1 and isinstance(tree, list):
        tree, depth = tree[0], depth + 1
    if depth == 0 and len(tree) >= FEW_BASES:
        return HierarchicalEstimate(hierarchical_bootstrap(differences, rng, level=level), UNITS[0])
    units = [_mean(unit) for unit in tree] if isinstance(tree, list) else tree
    return HierarchicalEstimate(t_interval(units, level=level), UNITS[depth])


def _tree(differences: Mapping[Label, float]) -> list[Tree]:
    if not differences:
        raise ValueError("no differences to take an interval of")
    nested: dict[Hashable, dict[Hashable, list[float]]] = {}
    for label, value in differences.items():
        nested.setdefault(label.base, {}).setdefault(label.reward_model, []).append(value)
    return [[np.asarray(runs, dtype=float) for runs in models.values()] for models in nested.values()]


def _mean(tree: Tree) -> float:
    return float(np.mean([_mean(child) for child in tree] if isinstance(tree, list) else tree))


def _draws(tree: Tree, size: int, rng: np.random.Generator) -> Array:
    """Means of so many resamples: children drawn with replacement, each drawn one resampled anew.  (size,)"""
    choice = rng.integers(0, len(tree), (size, len(tree)))
    if not isinstance(tree, list):
        return tree[choice].mean(axis=1)
    means = np.empty(choice.shape)
    for number, child in enumerate(tree):
        chosen = choice == number
        means[chosen] = _draws(child, int(chosen.sum()), rng)
    return means.mean(axis=1)
