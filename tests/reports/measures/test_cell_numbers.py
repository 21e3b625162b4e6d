"""The numbers of a cell: counts of endings, collapses, and what was never measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.measures.cell_numbers import cell_numbers
from tests.reports.decimals import close
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS


def test_endings_are_counted(tmp_path: Path) -> None:
    cell = replace(CELLS[2], status={0: "oom", 1: "oom", 2: "diverged"})
    found = cell_numbers(cells_of(tmp_path, cell, seeds=4, steps=6))[0]
    assert (found.planned, found.finished, found.other_endings) == (4, 2, ("diverged 1", "oom 2"))
    assert (found.collapsed, found.collapse_rules) == (1, ("not finite",))


def test_estimates_are_over_seeds(tmp_path: Path) -> None:
    found = cell_numbers(cells_of(tmp_path, CELLS[2], seeds=3, steps=40))[0]
    assert found.pass1 is not None
    assert found.seconds is not None
    close(found.pass1.value, 0.92)
    close(found.seconds.value, 1.005)


def test_what_was_not_evaluated_has_no_score(tmp_path: Path) -> None:
    bare = replace(CELLS[2], more=lambda seed, step, done: {"eval/greedy": None})
    assert cell_numbers(cells_of(tmp_path, bare))[0].greedy is None
