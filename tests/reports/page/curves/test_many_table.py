"""The table of many samples: a row a policy, at most four k."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.page.curves.many_table import many_csv, many_table, shown
from tests.reports.judge import cells_of
from tests.reports.often import often
from tests.reports.synthetic import CELLS


def test_a_row_for_each_policy_that_was_asked(tmp_path: Path) -> None:
    spec = replace(CELLS[1], many=lambda seed: often([0.5, 0.6, 0.7, 0.8], [0.1, 0.2, 0.3, 0.4]))
    cells = cells_of(tmp_path, spec, CELLS[2], seeds=2)
    table = many_table(cells[0].part, cells)
    ks = [1, 2, 4, 8]
    assert table.columns == ("cell", *(f"pass@{k}" for k in ks), *(f"maj@{k}" for k in ks[1:]), "temperatures")
    (row,) = table.rows
    assert [text.split(" ")[0] for text in row[1:8]] == [f"0.{n}00" for n in (5, 6, 7, 8, 2, 3, 4)]
    assert row[-1] == "0.8 (2)"
    lines = many_csv(cells[0].part, cells).splitlines()
    assert len(lines) == 1 + 2 * 4
    assert lines[-1].startswith("ppo,maj,8,0.4")


def test_without_many_samples_there_is_none(tmp_path: Path) -> None:
    cells = cells_of(tmp_path, *CELLS)
    assert many_table(cells[0].part, cells).rows == ()


def test_the_first_and_the_last_k_are_shown() -> None:
    assert shown([1, 2, 4]) == [1, 2, 4]
    assert shown([2**i for i in range(9)]) == [1, 8, 32, 256]
