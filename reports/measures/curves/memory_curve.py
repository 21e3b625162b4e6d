"""How much less memory GRPO takes than PPO is computed here, over model size, tokens and micro-batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlvr_bench.reports.cells.fairness import IGNORED, flatten
from rlvr_bench.reports.cells.matching import Pair, algorithm, roles, setting
from rlvr_bench.reports.cells.pairing import pair
from rlvr_bench.reports.load import Cell
from rlvr_bench.reports.measures.costs.memory import memory_layer, peak_bytes, state_bytes
from rlvr_bench.reports.measures.curves.memory_prediction import predicted_peak
from rlvr_bench.reports.stats import Estimate, mean_estimate, paired_ratio, rng

OTHERS = (*IGNORED, "warm_start.seed", "reward.label_seed")  # may change with the run's seed


@dataclass(frozen=True, kw_only=True)
class SavingPoint:
    """One pair of cells; savings are shares of PPO's bytes."""

    ppo: Cell
    grpo: Cell
    model: str
    parameters: int  # of the actor
    tokens: int  # of the longest completion
    micro_tokens: int  # in one forward pass, at most
    measured: Estimate | None  # of the peak; interval of the paired logarithms over seeds
    peaks: tuple[Estimate, Estimate] | None  # PPO's and GRPO's, bytes
    states: float  # of the model states alone
    predicted: float | None  # with activations and logits, by `predicted_peak`


def curve_pairs(cells: Sequence[Cell]) -> list[Pair]:
    """(PPO, GRPO) whose settings differ in nothing but the algorithm and its critic, and their models by the critic."""
    grpo = [(_shared_settings(c), c) for c in cells if algorithm(c) == "grpo" and roles(c)]
    found = []
    for ppo in cells:
        if algorithm(ppo) == "ppo" and "critic" in roles(ppo):
            mine, models = _shared_settings(ppo), roles(ppo) - {"critic"}
            same = (c for settings, c in grpo if settings == mine and roles(c) == models)
            if other := next(same, None):
                found.append((ppo, other))
    return found


def _shared_settings(cell: Cell) -> dict[str, str]:
    """Texts by dotted key, without what belongs to an algorithm or to its critic."""
    flat = flatten(cell.config)
    return {k: repr(v) for k, v in flat.items() if k not in OTHERS and "critic" not in k and k[:10] != "algorithm."}


def is_curve(cells: Sequence[Cell]) -> bool:
    """Whether the pairs of a part differ in model, tokens or micro-batch, so that bars side by side say nothing."""
    return len({_place(ppo) for ppo, _ in curve_pairs(cells)}) > 1


def _place(cell: Cell) -> tuple[str, int, int]:
    name, tokens = str(setting(cell, "model", "name") or ""), setting(cell, "rollout", "max_tokens")
    return name, int(tokens or 0), int(setting(cell, "train", "micro_tokens") or 0)


def saving_points(cells: Sequence[Cell]) -> tuple[SavingPoint, ...]:
    """By tokens, micro-batch and size; empty for a part that is no curve."""
    if not is_curve(cells):
        return ()
    layer = memory_layer(tuple(cells))
    found = [_point(ppo, grpo, layer) for ppo, grpo in curve_pairs(cells)]
    return tuple(sorted(found, key=lambda p: (p.tokens, p.micro_tokens, p.parameters)))


def _point(ppo: Cell, grpo: Cell, layer: str | None) -> SavingPoint:
    model, tokens, micro = _place(ppo)
    paired = pair(grpo, ppo, lambda r: peak_bytes(r, layer)) if layer else None
    predictions = predicted_peak(grpo), predicted_peak(ppo)
    states = state_bytes(grpo), state_bytes(ppo)
    assert states[0] is not None and states[1]
    return SavingPoint(
        ppo=ppo,
        grpo=grpo,
        model=model,
        parameters=ppo.roles["actor"].parameters,
        tokens=tokens,
        micro_tokens=micro,
        measured=complement(paired_ratio(paired.a, paired.b)) if paired and min(*paired.a, *paired.b) > 0 else None,
        peaks=(mean_estimate(paired.b, rng()), mean_estimate(paired.a, rng())) if paired else None,
        states=1 - states[0] / states[1],
        predicted=1 - predictions[0] / predictions[1] if predictions[0] and predictions[1] else None,
    )


def complement(ratio: Estimate) -> Estimate:
    """The saving of a ratio and the ratio of a saving: one less it, whose ends change places."""
    ends = [None if v is None else 1 - v for v in (ratio.high, ratio.low)]
    return Estimate(1 - ratio.value, ends[0], ends[1], ratio.n, ratio.method)
