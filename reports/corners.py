"""Which cell plays which part in a claim, by its configuration and the models that it kept, never by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.load import Cell

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


def four_model_ppo(cells: Sequence[Cell]) -> Cell | None:
    return next((c for c in cells if algorithm(c) == "ppo" and roles(c) == FOUR), None)


def grpo_with_reference(cells: Sequence[Cell]) -> Cell | None:
    """GRPO with a verifier and a reference."""
    wanted = frozenset({"actor", "reference"})
    return next((c for c in cells if algorithm(c) == "grpo" and source(c) == "verifier" and roles(c) == wanted), None)


def matched_pair(cells: Sequence[Cell], reward: str | None = None) -> tuple[Cell, Cell] | None:
    """The first PPO and GRPO cells with one reward source whose models differ by the critic alone.

    Args:
        reward: only cells with this reward source.
    """
    for ppo in cells:
        if algorithm(ppo) != "ppo" or not roles(ppo) or reward not in {None, source(ppo)}:
            continue
        for grpo in cells:
            if algorithm(grpo) == "grpo" and source(grpo) == source(ppo) and roles(grpo) == roles(ppo) - {"critic"}:
                return ppo, grpo
    return None


def learned_pairs(cells: Sequence[Cell]) -> list[tuple[Cell, Cell]]:
    """(trained on the learned reward model alone, trained on the verifier), of one algorithm each."""
    found = []
    for learned in cells:
        if source(learned) != "learned":
            continue
        same = (c for c in cells if source(c) == "verifier" and algorithm(c) == algorithm(learned))
        if verifier := next(same, None):
            found.append((learned, verifier))
    return found
