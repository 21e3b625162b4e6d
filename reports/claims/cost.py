"""Claims about what a step needs: models (a), memory (b), time.  Rules and thresholds were fixed before any data.

a        As worded, "PPO keeps four models, GRPO two" is about the algorithms, so it is judged at one reward source:
         supported if a matched pair differs by two models, refuted if by another number, inconclusive without a pair.
b        GRPO saves at least MEMORY_SAVING of the measured peak: supported if the 95 % interval of the saving lies
         above it, refuted if below.  The saving of state bytes is exact and is judged as it is.  Each is asked of
         four-model PPO and again of the matched PPO, because the reward model is a choice and no part of PPO.
         The peak is judged only where the states are at least LEAST_STATES of it.
time     A step of PPO costs what the cost model says, within a factor STEP_FACTOR: supported if the interval of the
         ratio lies inside that band, refuted if outside.  Per token of one model's size N: generate 2N, score 2N for
         each model that scores, train 6N an epoch for each model that trains.  A GRPO rollout that serves one
         optimiser step needs no scoring by the actor (`matching.scores_actor`): 22/10 and 20/10 there, 22/12 and
         20/12 where everybody scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from rlvr_bench.reports import numbers
from rlvr_bench.reports.cells import matching
from rlvr_bench.reports.cells.fairness import held_equal
from rlvr_bench.reports.claims.verdict import Verdict, decide_above, decide_inside, not_tested, p_inside, pair, rng
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.runs import memory_layer, peak_bytes, per_phase, state_bytes, step_seconds
from rlvr_bench.reports.stats import Estimate, paired_ratio, t_test

MEMORY_SAVING = 0.40
LEAST_STATES = 0.10
STEP_FACTOR = 1.25
Contrast = tuple[str, str, tuple[Cell, Cell] | None]  # suffix of the id, name of the PPO in words, the cells


def cost_claims(cells: Sequence[Cell]) -> list[Verdict]:
    four, grpo = matching.four_model_ppo(cells), matching.grpo_with_reference(cells)
    contrasts: tuple[Contrast, ...] = (
        ("four", "four-model PPO", (four, grpo) if four and grpo else None),
        ("matched", "PPO with the same reward source", matching.matched_pair(cells, "verifier")),
    )
    found = [_models(cells)]
    for suffix, name, both in contrasts:
        found += [_states(suffix, name, both), _peak(suffix, name, both), _time(suffix, name, both)]
    return sorted(found, key=lambda v: v.id)


def _models(cells: Sequence[Cell]) -> Verdict:
    claim = "PPO keeps four models and GRPO two."
    known = [c for c in cells if c.roles]
    if not {"ppo", "grpo"} <= {matching.algorithm(c) for c in known}:
        return not_tested("a", claim, "it needs a PPO and a GRPO cell whose models were built.")
    alike: dict[tuple[str, ...], list[str]] = {}
    for cell in known:
        alike.setdefault(tuple(sorted(cell.roles)), []).append(cell.label)
    kept = "; ".join(f"{' and '.join(labels)}: {len(r)} ({', '.join(r)})" for r, labels in alike.items())
    rule = "Exact count; judged at one reward source: supported if PPO keeps two models more, refuted otherwise."
    matched = matching.matched_pair(cells)
    if matched is None:
        note = "Without PPO and GRPO at one reward source the reward model cannot be told from the algorithm."
        return Verdict("a", claim, "inconclusive", f"{kept} (exact)", "exact", "no matched pair", rule, note)
    ppo, grpo = (len(c.roles) for c in matched)
    sizes = "; ".join(f"{role} {states.parameters:,}" for role, states in sorted(matched[0].roles.items()))
    return Verdict(
        "a",
        claim,
        "supported" if ppo - grpo == 2 else "refuted",
        f"{kept} (exact)",
        "exact",
        held_equal(*matched),
        rule,
        "The reward model is a choice of reward, open to either algorithm; what the algorithm adds is the critic. "
        f"Parameters by role, {matched[0].label}: {sizes}.",
        f"At the same reward source PPO keeps {ppo} models and GRPO {grpo} (exact): the difference that belongs to "
        "the algorithm is the critic.",
    )


def _states(suffix: str, name: str, both: tuple[Cell, Cell] | None) -> Verdict:
    identifier = f"b.states.{suffix}"
    claim = f"GRPO's model states take at least {MEMORY_SAVING:.0%} fewer bytes than those of {name}."
    if both is None:
        return not_tested(identifier, claim, f"it needs {name} and GRPO with a reference and a verifier, both built.")
    ppo, grpo = (state_bytes(c) or 0 for c in both)
    if not ppo:
        return not_tested(identifier, claim, "no state bytes were recorded.")
    saving = 1 - grpo / ppo
    text = f"{numbers.percent(saving)} (exact): {numbers.size(ppo)} against {numbers.size(grpo)}"
    return Verdict(
        identifier,
        claim,
        "supported" if saving >= MEMORY_SAVING else "refuted",
        text,
        "exact",
        held_equal(*both),
        f"Exact bytes of weights, gradients, optimiser states and buffers; threshold {MEMORY_SAVING:.0%}.",
        sentence=f"Against {name}, GRPO's model states take {numbers.percent(saving)} fewer bytes (exact).",
        estimate=Estimate(saving, saving, saving, 1, "exact"),
    )


def _peak(suffix: str, name: str, both: tuple[Cell, Cell] | None) -> Verdict:
    identifier = f"b.peak.{suffix}"
    claim = f"GRPO's measured peak memory is at least {MEMORY_SAVING:.0%} below that of {name}."
    layer = memory_layer(both) if both else None
    values = pair(*both, partial(peak_bytes, layer=layer)) if both and layer else None
    if both is None or layer is None or values is None:
        return not_tested(
            identifier, claim, f"it needs {name} and GRPO with a reference and a verifier, both measured."
        )
    if min(values.a + values.b) <= 0:
        return not_tested(identifier, claim, "a peak is not above what the process held before the models.")
    share = (state_bytes(both[0]) or 0) / float(np.mean(values.a))
    if share < LEAST_STATES:
        return not_tested(
            identifier,
            claim,
            f"the models' states are {numbers.percent(share)} of {both[0].label}'s peak: what is measured at this "
            "size is the process, not the models.",
        )
    ratio = paired_ratio(values.b, values.a, rng())
    known = ratio.low is not None and ratio.high is not None
    low, high = (1 - ratio.high, 1 - ratio.low) if known else (None, None)
    saving = Estimate(1 - ratio.value, low, high, ratio.n, ratio.method)
    text = numbers.with_interval(saving, numbers.percent)
    means = [numbers.size(float(np.mean(v))) for v in (values.a, values.b)]
    outcome = decide_above(saving, MEMORY_SAVING)
    return Verdict(
        identifier,
        claim,
        outcome,
        f"{text}: mean {means[0]} against {means[1]}",
        values.n,
        held_equal(*both),
        f"Supported if the 95 % interval lies above {MEMORY_SAVING:.0%}, refuted if below. Largest peak of a run after "
        "warm-up, less what was held before any model was built; paired ratio on the log scale.",
        sentence=f"Against {name}, GRPO lowered the measured peak by {text}.",
        estimate=saving,
        p=t_test(np.log(values.b) - np.log(values.a), float(np.log(1 - MEMORY_SAVING))) if known else None,
    )


def cost_units(kept: frozenset[str], epochs: float, *, scores_actor: bool = True) -> float:
    """Forward passes of one model's size a token and step, times two: the unit is N FLOPs."""
    frozen = sum(role in kept for role in ("reference", "reward"))
    critic = 2 + 6 * epochs if "critic" in kept else 0
    return 2 + 2 * scores_actor + 6 * epochs + 2 * frozen + critic


def _time(suffix: str, name: str, both: tuple[Cell, Cell] | None) -> Verdict:
    identifier = f"time.{suffix}"
    if both is None or (values := pair(*both, step_seconds)) is None:
        claim = f"A step of {name} costs what the cost model says against GRPO."
        return not_tested(identifier, claim, f"it needs {name} and GRPO with a reference and a verifier, both timed.")
    epochs = float(matching.setting(both[0], "train", "epochs") or 1)
    units = [cost_units(matching.roles(c), epochs, scores_actor=matching.scores_actor(c)) for c in both]
    expected = units[0] / units[1]
    low, high = expected / STEP_FACTOR, expected * STEP_FACTOR
    ratio = paired_ratio(values.a, values.b, rng())
    text = numbers.with_interval(ratio, numbers.factor)
    return Verdict(
        identifier,
        f"A step of {name} takes {expected:.2f} times the seconds of a GRPO step, within a factor {STEP_FACTOR}.",
        decide_inside(ratio, low, high),
        f"{text} times",
        values.n,
        held_equal(*both),
        f"Supported if the 95 % interval lies inside {low:.2f} to {high:.2f}, refuted if outside. Median seconds of a "
        f"step after warm-up; paired ratio on the log scale; the cost model at {epochs:g} epoch(s).",
        _wall_clock_note(*both),
        f"A step of {name} took {text} times as long as a GRPO step; the cost model says {expected:.2f}.",
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
        f"{note} Generation is {generation:.0%} of GRPO's step here; with the recorded FLOPs of the other phases the "
        f"expected ratio of seconds is {predicted:.2f} (n = 1 run, no interval)."
    )
