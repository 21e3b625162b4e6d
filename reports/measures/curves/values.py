"""The critic is held against Monte-Carlo values here: by place in the completion, with the noise of both taken apart.

A row of values.jsonl.gz has, for each held-out prompt, states along one completion: what the critic says of each, and
the mean reward of continuations from it with the standard error of that mean.  The first state is the prompt; the
variance of its rewards over the group size G is the squared error of a group's mean, so sqrt(p (1 - p) / G) for rewards
0 and 1: the line to beat.  Squared errors and variances have the squared standard errors taken out, so that they do
not depend on the number of continuations; the mean absolute error and the rank correlation are as measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from rlvr_bench.reports.load import Cell, Run, remembered
from rlvr_bench.reports.stats import Array, Estimate, t_interval

LEAST = 3  # states that a variance or a rank correlation is computed from


@dataclass(frozen=True, kw_only=True)
class State:
    """One state of one completion at one step of a run."""

    step: int
    place: int  # 0 is the prompt, 1 the first further state, ...
    tokens: int  # before it
    share: float  # of the completion's tokens
    value: float  # the critic's
    worth: float  # mean reward of its continuations
    noise: float  # squared standard error of that
    group: float  # squared error of a group's mean as an estimate of the prompt's pass rate
    drift: float  # squared distance of the state's value from the prompt's pass rate, corrected


@dataclass(frozen=True, kw_only=True)
class Errors:
    """What the critic is worth over some states of one run, reward units; None where it is not defined."""

    states: int
    tokens: float  # mean place
    share: float  # likewise, as a share of the completion
    worth: float  # mean value
    bias: float  # mean of the critic's value less the Monte-Carlo value
    absolute: float  # mean absolute error, the noise of the Monte-Carlo values in it
    error: float  # root mean squared error, corrected
    group: float  # root mean squared error of a group's mean as an estimate of the pass rate of the prompt
    group_here: float  # likewise as an estimate of the value of these states
    explained: float | None  # 1 - Var(value - true value) / Var(true value), corrected
    rank: float | None  # Spearman's correlation of the critic's values with the Monte-Carlo values


@remembered
def states(run: Run) -> tuple[State, ...]:
    """Of every step that was probed; prompts without their first state are left out."""
    found = []
    for row in run.values:
        for prompt in row["prompts"]:
            if not prompt["position"] or prompt["position"][0] != 0:
                continue
            noises = [error**2 for error in prompt["standard_error"]]
            group = noises[0] * prompt["count"][0] / row["group_size"]
            for i, tokens in enumerate(prompt["position"]):
                apart = (prompt["mean"][i] - prompt["mean"][0]) ** 2 - noises[i] - noises[0]
                state = State(
                    step=row["step"],
                    place=ceil(tokens * row["states"] / prompt["length"]),
                    tokens=tokens,
                    share=tokens / prompt["length"],
                    value=prompt["value"][i],
                    worth=prompt["mean"][i],
                    noise=noises[i],
                    group=group,
                    drift=apart if i else 0.0,
                )
                found.append(state)
    return tuple(found)


def errors(of: Sequence[State]) -> Errors | None:
    """Of these states; None where there are none."""
    if not of:
        return None
    value, worth, noise, group, drift = (
        np.array([getattr(s, name) for s in of]) for name in ("value", "worth", "noise", "group", "drift")
    )
    apart = value - worth
    return Errors(
        states=len(of),
        tokens=float(np.mean([s.tokens for s in of])),
        share=float(np.mean([s.share for s in of])),
        worth=float(worth.mean()),
        bias=float(apart.mean()),
        absolute=float(np.abs(apart).mean()),
        error=_root((apart**2 - noise).mean()),
        group=_root(group.mean()),
        group_here=_root((group + drift).mean()),
        explained=_explained(apart, worth, noise),
        rank=_rank(value, worth),
    )


def _root(square: float) -> float:
    """A corrected square can come out below 0."""
    return sqrt(max(0.0, float(square)))


def _explained(apart: Array, worth: Array, noise: Array) -> float | None:
    if len(worth) < LEAST or (true := worth.var(ddof=1) - noise.mean()) <= 0:
        return None
    return float(1 - max(0.0, apart.var(ddof=1) - noise.mean()) / true)


def _rank(value: Array, worth: Array) -> float | None:
    if len(worth) < LEAST or value.min() == value.max() or worth.min() == worth.max():
        return None
    found: Any = spearmanr(value, worth)
    return float(found.statistic)


def probed(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Those whose critic was probed."""
    return tuple(c for c in cells if any(states(r) for r in c.finished))


def places(cell: Cell) -> tuple[int, ...]:
    """The places of states that some finished run has."""
    return tuple(sorted({s.place for r in cell.finished for s in states(r)}))


def steps(cell: Cell) -> tuple[int, ...]:
    """The steps at which some finished run was probed."""
    return tuple(sorted({s.step for r in cell.finished for s in states(r)}))


def by_seed(cell: Cell, *, place: int | None = None, step: int | None = None) -> dict[int, Errors]:
    """Of each finished seed that has such states; without a place or a step, of all."""
    found = {}
    for run in cell.finished:
        mine = [s for s in states(run) if place in (None, s.place) and step in (None, s.step)]
        if (of_run := errors(mine)) is not None:
            found[run.seed] = of_run
    return found


def over_seeds(found: dict[int, Errors], number: Callable[[Errors], float | None]) -> Estimate | None:
    """Mean and Student's interval of one number; None where no seed has it."""
    values = [v for e in found.values() if (v := number(e)) is not None]
    return t_interval(values) if values else None


def completion_tokens(cell: Cell) -> float:
    """Mean length of the probed completions; 0 where there are none."""
    lengths = [p["length"] for r in cell.finished for row in r.values for p in row["prompts"]]
    return float(np.mean(lengths)) if lengths else 0.0
