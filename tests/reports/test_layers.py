"""The rooms of the reports in their order: nothing is imported upwards."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from rlvr_bench import reports

ROOT = Path(reports.__file__).parent
ORDER = (
    ("escape", "stats"), ("numbers",), ("load",), ("cells",), ("measures",), ("claims",), ("figures",), ("page",),
)  # fmt: skip
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}
FILES = [p for p in sorted(ROOT.rglob("*.py")) if p != ROOT / "__init__.py"]


def room(parts: tuple[str, ...]) -> str:
    return parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_is_imported_upwards(path: Path) -> None:
    own = room(path.relative_to(ROOT).parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("rlvr_bench.reports"):
            continue
        below = (node.module or "").split(".")[2:]
        for name in [below[0]] if below else [alias.name for alias in node.names]:
            assert name == own or LEVEL[name] < LEVEL[own], f"{own} imports {name}"


def test_figures_do_not_use_claims() -> None:
    assert not [p for p in (ROOT / "figures").glob("*.py") if "reports.claims" in p.read_text()]


def test_every_file_with_logic_has_its_test() -> None:
    here = Path(__file__).parent
    without = {"__init__.py", "finding.py"}  # finding.py is a form without logic
    names = [p.relative_to(ROOT) for p in FILES if p.name not in without]
    assert [str(n) for n in names if not (here / n.parent / f"test_{n.name}").exists()] == []
