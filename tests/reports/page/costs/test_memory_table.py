"""State bytes by model, the arithmetic behind them, and where peaks come from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rlvr_bench.reports import numbers
from rlvr_bench.reports.measures.costs.memory import DEVICE, baseline_bytes, phase_peaks
from rlvr_bench.reports.page.costs.memory_table import EXPECTED_IN_WORDS, memory_source, memory_table, planned_table
from tests.reports import synthetic
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS, LEARNING


def test_a_row_a_model_and_their_sum(tmp_path: Path) -> None:
    table = memory_table(LEARNING, cells_of(tmp_path, CELLS[2]))
    assert [row[1] for row in table.rows] == ["actor (trained)", "reference (frozen)", "all"]
    assert table.rows[0][3:8] == ("3.8 MiB", "3.8 MiB", "7.6 MiB", "0 B", "15.3 MiB")  # 4, 4, 8 MB of 1,048,576 bytes
    assert table.rows[-1][-2:] == ("20", "20.00")


def test_the_arithmetic_in_words() -> None:
    assert "16 + 16 + 4 + 4 = 40 and GRPO with a reference 16 + 4 = 20" in EXPECTED_IN_WORDS


def test_predicted_beside_measured(tmp_path: Path) -> None:
    (cell,) = cells_of(tmp_path, CELLS[2])
    assert planned_table(LEARNING, [cell]).rows == (), "nothing was predicted"
    peaks = phase_peaks(cell.finished[0], DEVICE)
    phase, baseline = max(peaks, key=lambda name: peaks[name]), baseline_bytes(cell.finished[0], DEVICE)
    most = max(phase_peaks(run, DEVICE)[phase] for run in cell.finished) - baseline
    told = {phase: round(1.1 * most), "evaluate": 7}
    runs = tuple(replace(run, summary=replace(run.summary, planned=told)) if run.summary else run for run in cell.runs)
    (row,) = planned_table(LEARNING, [replace(cell, runs=runs)]).rows
    assert row[1:] == (phase, numbers.size(round(1.1 * most)), numbers.size(most), "+10.0 %")


def test_sources(tmp_path: Path) -> None:
    measured = cells_of(tmp_path / "a", CELLS[2])
    assert memory_source(measured).startswith("Peaks measured by resident set size of the process")
    missing = cells_of(tmp_path / "b", replace(CELLS[2], status={0: "missing"}))
    assert memory_source(missing) == "No source of memory measurements was recorded."
    broken = cells_of(tmp_path / "c", replace(CELLS[2], status={0: "failed"}))
    assert memory_source(broken) == "No measured peaks: no NVIDIA GPU."


def test_one_base_is_counted_once_and_said_to_be_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """1,010,000 numbers with the actor, 3 x 10,000 for its gradients and moments; 4 x 10,000 for the critic's; none."""
    monkeypatch.setattr(synthetic, "states", synthetic.adapted_states)
    adapted = replace(CELLS[1], settings={"model": {"adapter": {"rank": 4}}})
    table = memory_table(LEARNING, cells_of(tmp_path, adapted))
    actor, critic, reference, total = table.rows
    assert [row[1] for row in table.rows] == [
        "actor (trained)",
        "critic (trained, on the actor's weights)",
        "reference (frozen, on the actor's weights)",
        "all",
    ]
    assert [row[2] for row in table.rows] == ["10,000 trained of 1,010,000"] * 2 + ["1,000,000", ""]
    assert [row[7] for row in table.rows] == [numbers.size(4 * n) for n in (1_040_000, 40_000, 0, 1_080_000)]
    assert (reference[3], total[-2], total[-1]) == ("0 B", numbers.ABSENT, f"{4 * 1_080_000 / 1_010_000:.2f}")
    assert actor[4] == critic[4] == numbers.size(40_000)
