"""What was equal between cells and what was not is read here from the resolved configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rlvr_bench.reports.cells.environments import show
from rlvr_bench.reports.escape import redact
from rlvr_bench.reports.load import Cell, Run, remembered
from rlvr_bench.reports.numbers import ABSENT

IGNORED = ("name", "seed")  # a run's own label, and the seed, which pairs the runs
NAMED = 6  # settings that a sentence names; the page lists them all


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Leaves by dotted key."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def settings(cell: Cell) -> dict[str, Any]:
    """By dotted key; of one that varies over the cell's runs, as the seed of the base model may, all values."""
    found: dict[str, dict[str, Any]] = {}
    for run in cell.runs:
        for key, (text, value) in _shown(run).items():
            found.setdefault(key, {}).setdefault(text, value)
    return {key: next(iter(v.values())) if len(v) == 1 else list(v.values()) for key, v in found.items()}


@remembered
def _shown(run: Run) -> dict[str, tuple[str, Any]]:
    return {key: (show(value), value) for key, value in flatten(run.config).items()}


@dataclass(frozen=True)
class Fairness:
    """Settings by dotted key; `unequal` has one text per cell, in the order of the cells."""

    cells: tuple[str, ...]
    equal: tuple[tuple[str, str], ...]
    unequal: tuple[tuple[str, tuple[str, ...]], ...]
    paired_start: bool | None  # whether every seed's score before training is one number over the cells


def compare(cells: Sequence[Cell]) -> Fairness:
    """Cells without a configuration are left out."""
    known = [c for c in cells if c.config]
    flat = [settings(c) for c in known]
    equal, unequal = [], []
    for key in sorted({k for f in flat for k in f} - set(IGNORED)):
        # Compared as recorded, shown without paths: two folders of one name are still two.
        texts = [show(f[key]) if key in f else ABSENT for f in flat]
        shown = tuple(redact(t) for t in texts)
        if len(set(texts)) == 1:
            equal.append((key, shown[0]))
        else:
            unequal.append((key, shown))
    return Fairness(tuple(c.label for c in known), tuple(equal), tuple(unequal), _paired_start(known))


def held_equal(a: Cell, b: Cell) -> str:
    """One sentence about two cells, for a finding."""
    found = compare((a, b))
    if len(found.cells) < 2:
        return "unknown: a configuration is missing"
    others = [k for k, _ in found.unequal if not k.startswith("algorithm.")]
    differed = ["the algorithm and its own settings"] if len(others) < len(found.unequal) else []
    differed += others[:NAMED] + ([f"{len(others) - NAMED} more"] if len(others) > NAMED else [])
    return f"{len(found.equal)} settings equal; differed: {', '.join(differed) or 'nothing'}"


def _paired_start(cells: Sequence[Cell]) -> bool | None:
    starts: dict[int, list[float]] = {}
    for cell in cells:
        for run in cell.runs:
            for step, value in run.series("eval/pass@1"):
                if step == 0:
                    starts.setdefault(run.seed, []).append(value)
    shared = [values for values in starts.values() if len(values) > 1]
    return all(len(set(values)) == 1 for values in shared) if shared else None
