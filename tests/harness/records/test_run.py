"""The summary of a run comes back as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlvr_bench.harness.records import MemorySources, RoleStates, Summary, read_json, write_json


@pytest.mark.parametrize("full", [True, False])
def test_summary_round_trip(full: bool, tmp_path: Path) -> None:
    more = {
        "roles": {"actor": RoleStates(10, True, 40, 40, 80, 0)},
        "memory": MemorySources("rss", "", 5, None, "no CUDA", None, "no NVML"),
        "reward_model": {"pairs": 3},
    }
    summary = Summary(
        "completed", "", "p", "c", 1, "abc", "2026-01-01T00:00:00+00:00", 1.5, 3, **(more if full else {})
    )
    write_json(tmp_path / "summary.json", summary)
    assert Summary.from_json(read_json(tmp_path / "summary.json")) == summary


def test_a_summary_from_before_workers_were_counted(tmp_path: Path) -> None:
    memory = MemorySources("rss", "", 5, None, "no CUDA", None, "no NVML", "rss", "all of them")
    write_json(tmp_path / "summary.json", Summary("completed", "", "p", "c", 1, "abc", "", 1.5, 3, memory=memory))
    data = read_json(tmp_path / "summary.json")
    del data["memory"]["workers"], data["memory"]["workers_reason"]
    found = Summary.from_json(data).memory
    assert found is not None and (found.device, found.workers, found.workers_reason) == ("rss", None, "not recorded")
