"""The measure itself, on tensors whose bytes are known."""

from __future__ import annotations

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from rlvr_bench.harness.planner.measure import MARK, peaks_of


def test_peaks_by_phase() -> None:
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as trace:
        kept = torch.zeros(250_000)  # 1 MB
        for _ in range(2):
            with record_function(f"{MARK}rollout"):
                more = torch.zeros(500_000)  # 2 MB, for a while
                del more
            with record_function(f"{MARK}score"):
                pass
        del kept
    found = peaks_of(trace)
    assert found.keys() == {"rollout", "score"}
    assert abs(found["rollout"] - 3_000_000) < 10_000
    assert abs(found["score"] - 1_000_000) < 10_000
