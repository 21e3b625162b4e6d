"""Whether a step costs what the cost model says is judged here.

Supported if the interval of the ratio of seconds lies within a factor BAND of the cost model's, refuted if outside.
Per token of one model's size N: generate 2N, score 2N for each model that scores, train 6N an epoch for each model
that trains.  Whether the actor scored its own completions in a pass before the update is recorded with the run
(`matching.actor_scored`), since a rollout that serves one optimizer step may need no such pass: 22/10 and 20/10 where
GRPO did not and PPO did, 22/12 and 20/12 where both did.  Without that record there is no expected ratio to judge by.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.pairing import pair
from rlvr_bench.reports.claims.decide import decide_inside, p_inside
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.step_time import per_phase, step_seconds
from rlvr_bench.reports.stats import paired_ratio, rng

BAND = 1.25
GENERATE, SCORE, TRAIN = 2, 2, 6  # FLOPs a token and parameter; training is per epoch


def step(cells: Sequence[Cell]) -> list[Finding]:
    """time.step.*"""
    return [_step(contrast) for contrast in matching.cost_contrasts(cells)]


def cost_units(kept: frozenset[str], epochs: float, *, actor_scored: bool) -> float:
    """FLOPs a token of one step, in units of one model's size N."""
    frozen = sum(role in kept for role in ("reference", "reward"))
    critic = SCORE + TRAIN * epochs if "critic" in kept else 0
    return GENERATE + SCORE * actor_scored + TRAIN * epochs + SCORE * frozen + critic


def _step(contrast: matching.Contrast) -> Finding:
    identifier, name, both = f"time.step.{contrast.suffix}", contrast.name, contrast.cells
    claim = f"A step of {name} costs what the cost model says against GRPO."
    if both is None or (values := pair(*both, step_seconds)) is None:
        return not_tested(identifier, claim, f"it needs {name} and GRPO with a reference and a verifier, both timed.")
    epochs = float(matching.setting(both[0], "train", "epochs") or 1)
    units = [
        cost_units(matching.roles(c), epochs, actor_scored=scored)
        for c in both
        if (scored := matching.actor_scored(c)) is not None
    ]
    if len(units) < len(both):
        return not_tested(identifier, claim, "the records do not say which passes over the completions a step made.")
    expected = units[0] / units[1]
    low, high = expected / BAND, expected * BAND
    ratio = paired_ratio(values.a, values.b, rng())
    text = numbers.with_interval(ratio, numbers.factor)
    return Finding(
        id=identifier,
        claim=f"A step of {name} takes {expected:.2f} times the seconds of a GRPO step, within a factor {BAND}.",
        conclusion=decide_inside(ratio, low, high),
        effect=f"{text} times",
        n=values.n,
        equal=held_equal(*both),
        rule=f"Supported if the {numbers.INTERVAL} lies inside {low:.2f} to {high:.2f}, refuted if outside. Median "
        f"seconds of a step after warm-up; paired ratio on the log scale; the cost model at {epochs:g} epoch(s).",
        note=_wall_clock_note(*both),
        sentence=f"A step of {name} took {text} times as long as a GRPO step; the cost model says {expected:.2f}.",
        estimate=ratio,
        p=p_inside(np.log(values.a) - np.log(values.b), np.log(low), np.log(high)) if ratio.known else None,
    )


def _wall_clock_note(ppo: Cell, grpo: Cell) -> str:
    """1 + (1 - g) r from the recorded FLOPs: g the share of generation in GRPO's step, r the extra over the rest."""
    note = "The cost model counts FLOPs as if every phase ran at one speed; generation seldom does."
    if not ppo.finished or not grpo.finished:
        return note
    flops = [per_phase(c.finished[0], "cost/flops") for c in (ppo, grpo)]
    seconds = per_phase(grpo.finished[0], "cost/seconds")
    rest = [sum(v for k, v in f.items() if k != "rollout") for f in flops]
    if not rest[1] or not sum(seconds.values()):
        return note
    generation = seconds.get("rollout", 0.0) / sum(seconds.values())
    predicted = 1 + (1 - generation) * (rest[0] - rest[1]) / rest[1]
    return (
        f"{note} Generation is {100 * generation:.0f} % of GRPO's step here; with the recorded FLOPs of the other "
        f"phases the expected ratio of seconds is {predicted:.2f} (n = 1 run, no interval)."
    )
