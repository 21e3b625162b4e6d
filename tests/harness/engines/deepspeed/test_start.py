"""Joining the other processes, as far as one process can show it."""

from __future__ import annotations

import pytest
import torch

from rlvr_bench.harness.engines.deepspeed import start
from rlvr_bench.harness.errors import UserError


def test_one_process_exchanges_with_nobody() -> None:
    assert start.Gang().all([1]) == [[1]]


def test_another_number_of_processes_is_refused_before_deepspeed_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setattr(start, "quietly_imported", lambda device: pytest.fail("imported"))
    with pytest.raises(UserError, match=r"launch.processes: 2 are asked for, and torchrun started 4"):
        start.start(2, torch.device("cpu"))


def test_who_started_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not start.is_one_of_several()
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert start.is_one_of_several()
