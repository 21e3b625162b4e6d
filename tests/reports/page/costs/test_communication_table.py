"""What is exchanged as tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.page.costs.communication_table import exchange_table, predicted_table
from tests.reports.judge import cells_of
from tests.reports.measures.costs.test_communication import exchanging
from tests.reports.synthetic import CELLS, LEARNING


def test_rows(tmp_path: Path) -> None:
    cell = exchanging(tmp_path)
    first, second = exchange_table(LEARNING, [cell]).rows
    assert first[1:] == ("gather", "all_gather", "3.0", "50 B")
    assert second[1:3] == ("update_critic", "all_reduce")
    assert predicted_table(LEARNING, [cell]).rows == ()
    runs = tuple(
        replace(run, summary=replace(run.summary, planned_sent=1024.0)) if run.summary else run for run in cell.runs
    )
    (row,) = predicted_table(LEARNING, [replace(cell, runs=runs)]).rows
    assert row[1] == "1.0 KiB" and row[3].endswith("%")


def test_one_process_has_no_row(tmp_path: Path) -> None:
    (cell,) = cells_of(tmp_path, CELLS[0])
    assert exchange_table(LEARNING, [cell]).rows == () == predicted_table(LEARNING, [cell]).rows
