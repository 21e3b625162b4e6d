"""The tables of hyper-parameters: what every cell has, what depends on the part, and what depends on the cell.

Every recorded setting stands in exactly one of them, so that a reader can repeat each run.
"""

from __future__ import annotations

from collections.abc import Sequence

from rlvr_bench.reports.escape import one_line
from rlvr_bench.reports.load import Study
from rlvr_bench.reports.numbers import ABSENT
from rlvr_bench.reports.page.table import Table
from rlvr_bench.reports.paper.arms import arms

ABREAST = 5  # cells, or parts, beside one another in one table
NOTE = f"{ABSENT}: there is no such setting. Searched: drawn for each trial."
Grid = dict[tuple[str, str], dict[str, str]]  # (part, arm) -> setting -> text


def settings_tables(study: Study) -> tuple[tuple[str, Table], ...]:
    """(name of its file, table); those without rows are left out."""
    found = arms(study)
    grid: Grid = {(arm.part.name, arm.name): arm.texts for arm in found}
    keys = sorted({key for texts in grid.values() for key in texts})
    common = [key for key in keys if len(_values(grid, key)) == 1]
    by_part = [key for key in keys if key not in common and _depends(grid, key, on=0)]
    rest = [key for key in keys if key not in common and key not in by_part]
    labels = {arm.name: arm.label for arm in found}
    parts = list(dict.fromkeys(arm.part.name for arm in found))
    made = [("settings-common", _common(grid, common))]
    made += _numbered("settings-by-cell", [_by_cell(grid, rest, some, labels, parts) for some in _few(list(labels))])
    made += _numbered("settings-by-part", [_by_part(grid, by_part, some) for some in _few(parts)])
    return tuple((name, table) for name, table in made if table.rows)


def _values(grid: Grid, key: str) -> set[str]:
    return {texts.get(key, ABSENT) for texts in grid.values()}


def _depends(grid: Grid, key: str, *, on: int) -> bool:
    """Whether the part (0) or the arm (1) alone decides the value."""
    found: dict[str, set[str]] = {}
    for place, texts in grid.items():
        found.setdefault(place[on], set()).add(texts.get(key, ABSENT))
    return all(len(values) == 1 for values in found.values())


def _common(grid: Grid, keys: Sequence[str]) -> Table:
    """Two settings a row."""
    pairs = [(key, next(iter(_values(grid, key)))) for key in keys]
    half = -(-len(pairs) // 2)
    right = [*pairs[half:], ("", "")]
    rows = tuple((*pairs[i], *right[i]) for i in range(half))
    return Table("Settings that are the same for every cell", ("setting", "value", "setting", "value"), rows, NOTE)


def _by_part(grid: Grid, keys: Sequence[str], parts: Sequence[str]) -> Table:
    of_part = {place[0]: texts for place, texts in grid.items()}
    rows = tuple((key, *(of_part[part].get(key, ABSENT) for part in parts)) for key in keys)
    head = ("setting", *map(one_line, parts))
    return Table("Settings that depend on the part", head, _there(rows), NOTE)


def _by_cell(
    grid: Grid, keys: Sequence[str], names: Sequence[str], labels: dict[str, str], parts: Sequence[str]
) -> Table:
    """One row a setting; where it depends on the part as well, one for each part that has one of these cells."""
    rows = []
    for key in keys:
        if _depends(grid, key, on=1):
            of_arm = {place[1]: texts for place, texts in grid.items()}
            rows.append((key, *(of_arm[name].get(key, ABSENT) for name in names)))
            continue
        for part in parts:
            entries = [grid[part, name].get(key, ABSENT) if (part, name) in grid else "" for name in names]
            rows.append((f"{key} ({one_line(part)})", *entries))
    head = ("setting", *(labels[name] for name in names))
    return Table("Settings that depend on the cell", head, _there(rows), NOTE)


def _there(rows: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Those with an entry."""
    return tuple(row for row in rows if any(entry not in ("", ABSENT) for entry in row[1:]))


def _few(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[i : i + ABREAST] for i in range(0, len(names), ABREAST)]


def _numbered(name: str, tables: Sequence[Table]) -> list[tuple[str, Table]]:
    return [(name if i == 1 else f"{name}-{i}", table) for i, table in enumerate(tables, start=1)]
