"""Bytes of states and peaks, by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rlvr_bench.reports.measures.costs.memory import (
    DEVICE,
    bytes_per_parameter,
    expected_bytes_per_parameter,
    memory_layer,
    peak_bytes,
    phase_peaks,
    state_bytes,
)
from tests.reports.judge import cells_of
from tests.reports.synthetic import CELLS, MIB


def test_states(tmp_path: Path) -> None:
    four, _, grpo = cells_of(tmp_path, *CELLS)
    assert [state_bytes(c) for c in (four, grpo)] == [40_000_000, 20_000_000]
    assert [bytes_per_parameter(c) for c in (four, grpo)] == [40.0, 20.0]
    assert [expected_bytes_per_parameter(c) for c in (four, grpo)] == [40, 20]  # 16 + 16 + 4 + 4, 16 + 4


def test_peaks_leave_out_warm_up_and_baseline(tmp_path: Path) -> None:
    grpo = cells_of(tmp_path, CELLS[2], steps=3)[0]
    assert memory_layer((grpo,)) == DEVICE
    # the rollout takes 5 MiB less; 10 MiB were there before
    assert phase_peaks(grpo.runs[0], DEVICE)["rollout"] == 50 * MIB
    assert peak_bytes(grpo.runs[0], DEVICE) == 45 * MIB


def test_nothing_recorded_is_none(tmp_path: Path) -> None:
    missing = cells_of(tmp_path, replace(CELLS[2], status={0: "missing"}))[0]
    assert memory_layer((missing,)) is None
    assert state_bytes(missing) is bytes_per_parameter(missing) is expected_bytes_per_parameter(missing) is None


@pytest.mark.parametrize("model", [{"adapter": {"rank": 4}}, {"critic": "tiny:32x1"}])
def test_the_arithmetic_is_not_for_adapters_or_another_size(tmp_path: Path, model: dict[str, Any]) -> None:
    """Of what there is the bytes are exact all the same."""
    (cell,) = cells_of(tmp_path, replace(CELLS[1], settings={"model": model}))
    assert expected_bytes_per_parameter(cell) is None
    assert state_bytes(cell) == 36_000_000
