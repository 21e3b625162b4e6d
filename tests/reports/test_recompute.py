"""Every number of the committed tables comes out of the raw records again, computed by other code."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from scipy import stats

from tests.reports import recompute

RESULTS = Path(__file__).parents[2] / "results"
STUDIES = sorted(path.parent for path in RESULTS.glob("*/suite.json"))


@pytest.mark.slow
@pytest.mark.parametrize("results", STUDIES, ids=lambda path: path.name)
def test_the_committed_tables_are_those_of_the_records(results: Path) -> None:
    compared, wrong = recompute.differences(results, results / "report" / "tables")
    assert compared > 50
    assert wrong == []


@pytest.mark.parametrize("table", ["comparison", "pairwise", "budgets"])
def test_a_changed_number_is_found(table: str, tmp_path: Path) -> None:
    results = RESULTS / "quick"
    shutil.copytree(results / "report" / "tables", tmp_path / "tables")
    path = tmp_path / "tables" / f"{table}-learning.csv"
    with path.open(newline="") as file:
        lines = list(csv.reader(file))
    column = next(i for i, name in enumerate(lines[0]) if name.startswith("pass1"))
    lines[1][column] = str(float(lines[1][column]) + 1e-6)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    _, wrong = recompute.differences(results, tmp_path / "tables")
    assert len(wrong) == 1 and wrong[0].startswith(f"{table}-learning.csv")


@pytest.mark.parametrize("df", [1, 2, 4, 9, 30])
def test_the_quantile_of_students_t_is_right(df: int) -> None:
    assert recompute.student(df) == pytest.approx(stats.t.ppf(0.975, df), rel=1e-9)


def test_a_median_of_censored_times() -> None:
    """Of 1, 2+, 3, 4+ (+: censored) 3/4 are left after 1 and 3/8 after 3, as after 2 one fewer is watched."""
    assert recompute.kaplan_meier([(1, True), (2, False), (3, True), (4, False)]) == 3
    assert recompute.kaplan_meier([(1, True), (2, False), (2, False), (4, False)]) is None
