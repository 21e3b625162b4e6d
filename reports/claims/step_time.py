"""Whether a step costs what the cost model says is judged here.

time.step.*  The ratio of seconds lies within a factor BAND of the cost model's: an equivalence on the log scale.

Per token of one model's size N: generate 2N, score 2N for each model that scores, train 6N an epoch for each model
that trains.  Whether the actor scored its own completions in a pass before the update is recorded with the run
(`matching.actor_scored`), since a rollout that serves one optimizer step may need no such pass: 22/10 and 20/10 where
GRPO did not and PPO did, 22/12 and 20/12 where both did.  Without that record there is no expected ratio to judge by.
A busy machine makes it undecidable (measures/machine.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.cells.pairing import pair
from rlvr_bench.reports.claims.finding import Finding, not_tested
from rlvr_bench.reports.claims.judged import Proposition, describe
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.costs.step_time import per_phase, step_seconds
from rlvr_bench.reports.measures.curves.memory_curve import is_curve
from rlvr_bench.reports.measures.machine import busy, timing_note

BAND = 1.25
GENERATE, SCORE, TRAIN = 2, 2, 6  # FLOPs a token and parameter; training is per epoch


def step(cells: Sequence[Cell]) -> list[Finding]:
    """time.step.*; not of a curve over sizes, where the answer depends on the pair that one looks at."""
    return [] if is_curve(cells) else [_step(contrast) for contrast in matching.cost_contrasts(cells)]


def cost_units(kept: frozenset[str], epochs: float, *, actor_scored: bool) -> float:
    """FLOPs a token of one step, in units of one model's size N."""
    frozen = sum(role in kept for role in ("reference", "reward"))
    critic = SCORE + TRAIN * epochs if "critic" in kept else 0
    return GENERATE + SCORE * actor_scored + TRAIN * epochs + SCORE * frozen + critic


def _step(contrast: matching.Contrast) -> Finding:
    identifier, both = f"time.step.{contrast.suffix}", contrast.cells
    claim = f"A step of {contrast.name} costs what the cost model says against {contrast.other}."
    if both is None or (values := pair(*both, step_seconds)) is None:
        reason = f"it needs {contrast.name} and one without a critic, with a reference and a verifier, both timed."
        return not_tested(identifier, claim, reason)
    if not all(map(matching.one_size, both)):
        reason = "the cost model is for models of one size that are trained whole, without adapters."
        return not_tested(identifier, claim, reason)
    units = [
        cost_units(matching.roles(c), _epochs(c), actor_scored=scored)
        for c in both
        if (scored := matching.actor_scored(c)) is not None
    ]
    if len(units) < len(both):
        return not_tested(identifier, claim, "the records do not say which passes over the completions a step made.")
    expected = units[0] / units[1]
    proposition = Proposition(
        id=identifier,
        claim=f"A step of {contrast.name} takes {expected:.2f} times the seconds of a {contrast.other} step, within a "
        f"factor {BAND}.",
        question="cost",
        kind="equivalent",
        margin=BAND,
        scale="ratio",
        center=expected,
        pair=(both[0].label, both[1].label),
    )
    return describe(
        proposition,
        values,
        equal=held_equal(*both),
        rule="Median seconds of a step after warm-up; paired ratio on the log scale; cost model by configured epochs.",
        note=f"{_wall_clock_note(*both)} {timing_note(both)}".strip(),
        blocked=busy(both),
    )


def _epochs(cell: Cell) -> float:
    return float(matching.setting(cell, "train", "epochs") or 1)


def _wall_clock_note(critic: Cell, free: Cell) -> str:
    """1 + (1 - g) r from the recorded FLOPs: g the share of generation without a critic, r the extra over the rest."""
    note = "The cost model counts FLOPs as if every phase ran at one speed; generation seldom does."
    if not critic.finished or not free.finished:
        return note
    flops = [per_phase(c.finished[0], "cost/flops") for c in (critic, free)]
    seconds = per_phase(free.finished[0], "cost/seconds")
    rest = [sum(v for k, v in f.items() if k != "rollout") for f in flops]
    if not rest[1] or not sum(seconds.values()):
        return note
    generation = seconds.get("rollout", 0.0) / sum(seconds.values())
    predicted = 1 + (1 - generation) * (rest[0] - rest[1]) / rest[1]
    return (
        f"{note} Generation is {100 * generation:.0f} % of the step of {free.label} here; with the recorded FLOPs of "
        f"the other phases the expected ratio of seconds is {predicted:.2f} (n = 1 run, no interval)."
    )
