"""A study with known numbers, and what is found in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from rlvr_bench.reports.claims.finding import Finding
from rlvr_bench.reports.claims.study import findings
from rlvr_bench.reports.load import Cell, Study, load
from tests.reports import synthetic
from tests.reports.synthetic import CELLS, LEARNING, Spec


def judge(folder: Path, *cells: Spec, **changes: Any) -> dict[str, Finding]:
    """The first finding of each claim."""
    study = load(synthetic.write(folder, cells or CELLS, **({"steps": 8} | changes)))
    return {f.id: f for f in reversed(findings(study))}


def learning_study(folder: Path, *cells: Spec, seeds: int = 3, steps: int = 8) -> Study:
    """A study of one learning part."""
    part = replace(LEARNING, seeds=tuple(range(seeds)))
    return load(synthetic.write(folder, cells, [part], steps=steps))


def judge_claim(folder: Path, identifier: str, *cells: Spec) -> list[Finding]:
    """Every finding of one claim in a learning study."""
    return [f for f in findings(learning_study(folder, *cells)) if f.id == identifier]


def cells_of(folder: Path, *cells: Spec, seeds: int = 1, steps: int = 2) -> tuple[Cell, ...]:
    """The cells of a learning study."""
    study = learning_study(folder, *cells, seeds=seeds, steps=steps)
    return study.cells(study.manifest.parts[0])
