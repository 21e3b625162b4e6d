"""The rows and columns of a paper's tables: a cell is one by itself, the trials of a search are one together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rlvr_bench.harness.records import PartInfo
from rlvr_bench.reports.cells.environments import show
from rlvr_bench.reports.cells.fairness import IGNORED, settings
from rlvr_bench.reports.escape import one_line, redact
from rlvr_bench.reports.load import Cell, Run, Study


@dataclass(frozen=True)
class Arm:
    """A cell of a part, or all trials of a search in it."""

    part: PartInfo
    name: str
    label: str
    cells: tuple[Cell, ...]

    @property
    def runs(self) -> tuple[Run, ...]:
        return tuple(run for cell in self.cells for run in cell.runs)

    @property
    def texts(self) -> dict[str, str]:
        """Settings by dotted key; of one that a search drew, its range or its values."""
        found: dict[str, dict[str, object]] = {}
        for cell in self.cells:
            for key, value in settings(cell).items():
                if key not in IGNORED:
                    found.setdefault(key, {})[one_line(redact(show(value)))] = value
        return {key: next(iter(v)) if len(v) == 1 else _searched(v) for key, v in found.items()}


def _searched(values: dict[str, object]) -> str:
    numbers = [v for v in values.values() if isinstance(v, (int, float)) and not isinstance(v, bool)]
    if len(numbers) == len(values) and len(numbers) > 3:
        return f"{min(numbers):g} to {max(numbers):g} (searched)"
    return f"{' or '.join(sorted(values))} (searched)"


def arms(study: Study) -> tuple[Arm, ...]:
    """In the order of the study's parts and cells; cells without a configuration are left out."""
    return tuple(arm for part in study.manifest.parts for arm in _of_part(part, study.cells(part)))


def _of_part(part: PartInfo, cells: Iterable[Cell]) -> list[Arm]:
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell.config:
            groups.setdefault(("search", cell.search) if cell.search else ("cell", cell.name), []).append(cell)
    return [Arm(part, name, _label(kind, mine), tuple(mine)) for (kind, name), mine in groups.items()]


def _label(kind: str, cells: list[Cell]) -> str:
    if kind == "cell":
        return one_line(cells[0].label)
    return f"{one_line(cells[0].label).partition(', trial')[0]}, {len(cells)} trials"
