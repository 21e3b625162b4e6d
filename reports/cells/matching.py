"""Which cell plays which part in a claim, by its configuration and the models that it kept, never by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rlvr_bench.reports.cells.reward_setting import LEARNED, VERIFIER, Treatment, treatment
from rlvr_bench.reports.load import Cell

FOUR = frozenset({"actor", "critic", "reference", "reward"})


def setting(cell: Cell, *path: str) -> Any:
    """One value of the configuration by its keys; None where any is absent."""
    value: Any = cell.config
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def algorithm(cell: Cell) -> str:
    return str(setting(cell, "algorithm", "name") or "")


def source(cell: Cell) -> str:
    return str(setting(cell, "reward", "source") or "")


def roles(cell: Cell) -> frozenset[str]:
    return frozenset(cell.roles)


def scores_actor(cell: Cell) -> bool:
    """Whether the actor's log-probabilities were computed before the update.

    Not where a rollout serves one optimiser step and `prepare` does not read them: GRPO, and PPO without a KL in
    the reward.
    """
    steps = (setting(cell, "train", "epochs") or 1) * (setting(cell, "train", "minibatches") or 1)
    in_reward = bool(setting(cell, "algorithm", "kl_coef")) and setting(cell, "algorithm", "kl_placement") == "reward"
    if steps > 1:
        return True
    return algorithm(cell) != "grpo" and (algorithm(cell) != "ppo" or in_reward)


def four_model_ppo(cells: Sequence[Cell]) -> Cell | None:
    return next((c for c in cells if algorithm(c) == "ppo" and roles(c) == FOUR), None)


def grpo_with_reference(cells: Sequence[Cell]) -> Cell | None:
    """GRPO with a verifier and a reference."""
    wanted = frozenset({"actor", "reference"})
    return next((c for c in cells if algorithm(c) == "grpo" and source(c) == "verifier" and roles(c) == wanted), None)


def matched_pairs(cells: Sequence[Cell]) -> list[tuple[Cell, Cell]]:
    """(PPO, GRPO) under one treatment, whose models differ by the critic alone: the first of each treatment."""
    found: dict[Treatment, tuple[Cell, Cell]] = {}
    for ppo in cells:
        if algorithm(ppo) != "ppo" or not roles(ppo):
            continue
        for grpo in cells:
            same = algorithm(grpo) == "grpo" and roles(grpo) == roles(ppo) - {"critic"}
            if same and treatment(grpo) == treatment(ppo):
                found.setdefault(treatment(ppo), (ppo, grpo))
    return list(found.values())


def matched_pair(cells: Sequence[Cell], reward: str | None = None) -> tuple[Cell, Cell] | None:
    """The first matched pair.

    Args:
        reward: only with this reward source, and without noise added to it.
    """
    pairs = matched_pairs(cells)
    return next((p for p in pairs if reward is None or is_plain(p[0], reward)), None)


def is_plain(cell: Cell, reward: str) -> bool:
    """Whether the cell was trained on this reward source, without noise added to it."""
    return treatment(cell).source == reward and not treatment(cell).noisy


def learned_pairs(cells: Sequence[Cell]) -> list[tuple[Cell, Cell]]:
    """(trained on a learned reward model alone, trained on the verifier), of one algorithm each."""
    found = []
    for learned in cells:
        if not is_plain(learned, LEARNED):
            continue
        same = (c for c in cells if is_plain(c, VERIFIER) and algorithm(c) == algorithm(learned))
        if verifier := next(same, None):
            found.append((learned, verifier))
    return found


def label_pairs(cells: Sequence[Cell]) -> list[tuple[Cell, Cell]]:
    """(most label pairs, fewest label pairs) of each algorithm that was trained on both, with the same models."""
    found = []
    for name in dict.fromkeys(algorithm(c) for c in cells):
        mine = [c for c in cells if algorithm(c) == name and is_plain(c, LEARNED) and treatment(c).pairs]
        mine = [c for c in mine if roles(c) == roles(mine[0])]
        most = max(mine, key=lambda c: treatment(c).pairs or 0, default=None)
        fewest = min(mine, key=lambda c: treatment(c).pairs or 0, default=None)
        if most and fewest and treatment(most).pairs != treatment(fewest).pairs:
            found.append((most, fewest))
    return found
