"""Cells are picked for a claim here, by their configurations and the models that they kept, never by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rlvr_bench.reports.cells.environments import show
from rlvr_bench.reports.cells.fairness import IGNORED, settings
from rlvr_bench.reports.cells.reward_setting import LEARNED, RANDOM, VERIFIER, RewardSetting, reward_setting
from rlvr_bench.reports.load import Cell

Pair = tuple[Cell, Cell]
FOUR_MODELS = frozenset({"actor", "critic", "reference", "reward"})
TWO_MODELS = frozenset({"actor", "reference"})


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


def one_size(cell: Cell) -> bool:
    """Whether all models were made from one and the trained ones are trained whole: what arithmetic by role assumes."""
    rewarded = "reward" in roles(cell) and setting(cell, "reward", "model")
    return not setting(cell, "model", "adapter") and not setting(cell, "model", "critic") and not rewarded


def is_control(cell: Cell) -> bool:
    """Whether its algorithm learns without the rewards, or knows what no method could know: no contender, then.

    As the runs recorded what it needs.
    """
    needs = [r.summary.algorithm.get("needs") or {} for r in cell.runs if r.summary]
    return any(n.get("exact_values") or n.get("rewards") is False for n in needs)


def actor_scored(cell: Cell) -> bool | None:
    """Whether the actor's log-probabilities were computed in a pass of their own before the update.

    As the runs recorded it; None where none says, or they do not agree.
    """
    recorded = [r.summary.algorithm.get("actor_scored") for r in cell.runs if r.summary]
    found = {bool(value) for value in recorded if value is not None}
    return found.pop() if len(found) == 1 else None


def display(cell: Cell) -> str:
    """The algorithm's name as a sentence has it; the cell's label where none was recorded."""
    return algorithm(cell).upper() or cell.label


@dataclass(frozen=True)
class Contrast:
    """An algorithm with a critic against one without, for the claims about costs."""

    suffix: str  # of the claim's name
    name: str  # of the one with a critic, in words
    cells: Pair | None  # (with a critic, without), or None where the study lacks one

    @property
    def other(self) -> str:
        """Of the one without a critic, in words."""
        return display(self.cells[1]) if self.cells else "an algorithm without a critic"


def cost_contrasts(cells: Sequence[Cell]) -> tuple[Contrast, ...]:
    """Four models, and the same reward on both sides: the reward model is a choice and no part of the algorithm."""
    four = next((c for c in cells if roles(c) == FOUR_MODELS), None)
    two = [c for c in cells if roles(c) == TWO_MODELS and source(c) == VERIFIER and not is_control(c)]
    both = (four, min(two, key=lambda c: unlike(four, c))) if four and two else None
    matched = matched_pair(cells, VERIFIER)
    return (
        Contrast("four-model", f"four-model {display(four) if four else 'PPO'}", both),
        Contrast("matched", f"{display(matched[0]) if matched else 'PPO'} with the same reward source", matched),
    )


def unlike(a: Cell, b: Cell) -> int:
    """How many settings differ that are not the algorithm's own, the critic's or the reward's."""
    one, two = (_shared(c) for c in (a, b))
    return sum(one.get(key) != two.get(key) for key in one.keys() | two.keys())


def _shared(cell: Cell) -> dict[str, str]:
    own = ("algorithm.", "reward.", "train.critic", "warm_start.seed")
    return {k: show(v) for k, v in settings(cell).items() if k not in IGNORED and not k.startswith(own)}


def matched_pairs(cells: Sequence[Cell]) -> list[Pair]:
    """(with a critic, without) under one reward setting, whose models differ by the critic alone; no controls.

    Of two algorithms under one reward all pairs whose other settings are equal, the first of each setting; where no
    pair is, as after tuning, the one that differs in the fewest.
    """
    groups: dict[tuple[RewardSetting, str, str], list[Pair]] = {}
    for critic in cells:
        for free in cells:
            same_models = "critic" in roles(critic) and roles(free) == roles(critic) - {"critic"}
            if same_models and not is_control(free) and reward_setting(free) == reward_setting(critic):
                key = (reward_setting(critic), algorithm(critic), algorithm(free))
                groups.setdefault(key, []).append((critic, free))
    found = []
    for pairs in groups.values():
        equal: dict[tuple[tuple[str, str], ...], Pair] = {}
        for pair in pairs:
            if unlike(*pair) == 0:
                equal.setdefault(tuple(sorted(_shared(pair[0]).items())), pair)
        found += list(equal.values()) or [min(pairs, key=lambda p: unlike(*p))]
    return found


def teaching_pairs(cells: Sequence[Cell]) -> list[Pair]:
    """The matched pairs whose reward can teach something: a random one cannot."""
    return [p for p in matched_pairs(cells) if reward_setting(p[0]).source != RANDOM]


def described(matched: Pair, among: Sequence[Pair]) -> str:
    """What a matched pair was rewarded by; with the labels of its cells where several pairs share that."""
    phrase = f"with {reward_setting(matched[0]).phrase}"
    alike = [p for p in among if reward_setting(p[0]).phrase == reward_setting(matched[0]).phrase]
    return phrase if len(alike) < 2 else f"{phrase} ({matched[1].label} against {matched[0].label})"


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
        same = [c for c in cells if is_plain(c, VERIFIER) and algorithm(c) == algorithm(learned)]
        if same:
            found.append((learned, min(same, key=lambda c: unlike(learned, c))))
    return found


def label_pairs(cells: Sequence[Cell]) -> list[Pair]:
    """(most label pairs, fewest label pairs) of each algorithm that was trained on both, with the same models.

    Reward models of each size, and with each share of wrong labels, are compared among themselves.
    """
    labeled = [c for c in cells if is_plain(c, LEARNED) and reward_setting(c).pairs]
    kinds = {c.name: (algorithm(c), reward_setting(c).model, reward_setting(c).label_noise) for c in labeled}
    found = []
    for kind in dict.fromkeys(kinds.values()):
        mine = [c for c in labeled if kinds[c.name] == kind]
        mine = [c for c in mine if roles(c) == roles(mine[0])]
        most = max(mine, key=lambda c: reward_setting(c).pairs or 0, default=None)
        fewest = min(mine, key=lambda c: reward_setting(c).pairs or 0, default=None)
        if most and fewest and reward_setting(most).pairs != reward_setting(fewest).pairs:
            found.append((most, fewest))
    return found
