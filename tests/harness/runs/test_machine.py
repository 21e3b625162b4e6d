"""Threads of a run."""

from __future__ import annotations

import pytest
import torch

from rlvr_bench.harness.runs.machine import use_threads


def test_threads_are_set_and_zero_leaves_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    use_threads(0)
    use_threads(3)
    assert asked == [3]
