"""State bytes by model, the arithmetic behind them, and where peaks come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rlvr_bench.reports.page.memory_table import EXPECTED_IN_WORDS, memory_source, memory_table
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS, LEARNING


def test_a_row_a_model_and_their_sum(tmp_path: Path) -> None:
    table = memory_table(LEARNING, cells_of(tmp_path, CELLS[2]))
    assert [row[1] for row in table.rows] == ["actor (trained)", "reference (frozen)", "all"]
    assert table.rows[0][3:8] == ("3.8 MiB", "3.8 MiB", "7.6 MiB", "0 B", "15.3 MiB")  # 4, 4, 8 MB of 1,048,576 bytes
    assert table.rows[-1][-2:] == ("20", "20.00")


def test_the_arithmetic_in_words() -> None:
    assert "16 + 16 + 4 + 4 = 40 and GRPO with a reference 16 + 4 = 20" in EXPECTED_IN_WORDS


def test_sources(tmp_path: Path) -> None:
    measured = cells_of(tmp_path / "a", CELLS[2])
    assert memory_source(measured).startswith("Peaks measured by resident set size of the process")
    missing = cells_of(tmp_path / "b", replace(CELLS[2], status={0: "missing"}))
    assert memory_source(missing) == "No source of memory measurements was recorded."
    broken = cells_of(tmp_path / "c", replace(CELLS[2], status={0: "failed"}))
    assert memory_source(broken) == "No measured peaks: no NVIDIA GPU."
