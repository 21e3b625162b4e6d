"""Cells are picked for a claim here, by their configurations and the models that they kept, never by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rlvr_bench.reports.cells.reward_setting import LEARNED, RANDOM, VERIFIER, RewardSetting, reward_setting
from rlvr_bench.reports.load import Cell

Pair = tuple[Cell, Cell]
FOUR_MODELS = frozenset({"actor", "critic", "reference", "reward"})


def setting(cell: Cell, *path: str) -> Any:
    """One value of the configuration by its keys; None where any is absent."""
    value: Any = cell.config
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def algorithm(cell: Cell) -> str:
    """The configured name; empty if none was recorded."""
    return str(setting(cell, "algorithm", "name") or "")


def source(cell: Cell) -> str:
    """The configured source of the reward."""
    return str(setting(cell, "reward", "source") or "")


def roles(cell: Cell) -> frozenset[str]:
    """The models that the cell kept."""
    return frozenset(cell.roles)


def actor_scored(cell: Cell) -> bool | None:
    """Whether the actor's log-probabilities were computed in a pass of their own before the update.

    As the runs recorded it; None where none says, or they do not agree.
    """
    recorded = [r.summary.algorithm.get("actor_scored") for r in cell.runs if r.summary]
    found = {bool(value) for value in recorded if value is not None}
    return found.pop() if len(found) == 1 else None


@dataclass(frozen=True)
class Contrast:
    """A PPO against GRPO with a verifier and a reference, for the claims about costs."""

    suffix: str  # of the claim's name
    name: str  # of the PPO, in words
    cells: Pair | None  # (PPO, GRPO), or None where the study lacks one


def cost_contrasts(cells: Sequence[Cell]) -> tuple[Contrast, ...]:
    """Four-model PPO, and PPO with GRPO's own reward: the reward model is a choice and no part of PPO."""
    four, grpo = four_model_ppo(cells), grpo_with_reference(cells)
    return (
        Contrast("four-model", "four-model PPO", (four, grpo) if four and grpo else None),
        Contrast("matched", "PPO with the same reward source", matched_pair(cells, VERIFIER)),
    )


def four_model_ppo(cells: Sequence[Cell]) -> Cell | None:
    """PPO with a critic, a reference and a reward model."""
    return next((c for c in cells if algorithm(c) == "ppo" and roles(c) == FOUR_MODELS), None)


def grpo_with_reference(cells: Sequence[Cell]) -> Cell | None:
    """GRPO with a verifier and a reference."""
    wanted = frozenset({"actor", "reference"})
    return next((c for c in cells if algorithm(c) == "grpo" and source(c) == VERIFIER and roles(c) == wanted), None)


def matched_pairs(cells: Sequence[Cell]) -> list[Pair]:
    """(PPO, GRPO) under one reward setting, whose models differ by the critic alone: the first of each setting."""
    found: dict[RewardSetting, Pair] = {}
    for ppo in cells:
        if algorithm(ppo) != "ppo" or not roles(ppo):
            continue
        for grpo in cells:
            same = algorithm(grpo) == "grpo" and roles(grpo) == roles(ppo) - {"critic"}
            if same and reward_setting(grpo) == reward_setting(ppo):
                found.setdefault(reward_setting(ppo), (ppo, grpo))
    return list(found.values())


def teaching_pairs(cells: Sequence[Cell]) -> list[Pair]:
    """The matched pairs whose reward can teach something: a random one cannot."""
    return [p for p in matched_pairs(cells) if reward_setting(p[0]).source != RANDOM]


def with_reward(matched: Pair | None) -> str:
    """What a matched pair was rewarded by, in words; a claim without a pair is about the verifier."""
    return f"with {reward_setting(matched[0]).phrase}" if matched else "with a verifier"


def matched_pair(cells: Sequence[Cell], reward: str | None = None) -> Pair | None:
    """The first matched pair.

    Args:
        reward: only with this reward source, and without noise added to it.
    """
    pairs = matched_pairs(cells)
    return next((p for p in pairs if reward is None or is_plain(p[0], reward)), None)


def is_plain(cell: Cell, reward: str) -> bool:
    """Whether the cell was trained on this reward source, without noise added to it."""
    return reward_setting(cell).source == reward and not reward_setting(cell).noisy


def learned_pairs(cells: Sequence[Cell]) -> list[Pair]:
    """(trained on a learned reward model alone, trained on the verifier), of one algorithm each."""
    found = []
    for learned in cells:
        if not is_plain(learned, LEARNED):
            continue
        same = (c for c in cells if is_plain(c, VERIFIER) and algorithm(c) == algorithm(learned))
        if verifier := next(same, None):
            found.append((learned, verifier))
    return found


def label_pairs(cells: Sequence[Cell]) -> list[Pair]:
    """(most label pairs, fewest label pairs) of each algorithm that was trained on both, with the same models."""
    found = []
    for name in dict.fromkeys(algorithm(c) for c in cells):
        mine = [c for c in cells if algorithm(c) == name and is_plain(c, LEARNED) and reward_setting(c).pairs]
        mine = [c for c in mine if roles(c) == roles(mine[0])]
        most = max(mine, key=lambda c: reward_setting(c).pairs or 0, default=None)
        fewest = min(mine, key=lambda c: reward_setting(c).pairs or 0, default=None)
        if most and fewest and reward_setting(most).pairs != reward_setting(fewest).pairs:
            found.append((most, fewest))
    return found
