"""The measure itself, on tensors whose bytes are known."""

from __future__ import annotations

import subprocess
import sys

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from rlvr_bench.harness.planner.measure import MARK, peaks_of

# A thread that the profiler does not follow allocates 1 MB, as gloo's threads free what was sent.
ELSEWHERE = f"""
import threading
import torch
from torch.profiler import ProfilerActivity, profile, record_function
from rlvr_bench.harness.planner.measure import count_every_thread, peaks_of

count_every_thread()
kept = []
with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as trace:
    thread = threading.Thread(target=lambda: kept.append(torch.zeros(250_000)))
    thread.start()
    thread.join()
    with record_function("{MARK}score"):
        torch.zeros(500_000)
print(peaks_of(trace)["score"])
"""


def test_what_other_threads_hold_is_counted() -> None:
    """In a process of its own, since the option cannot be told from the outside to be off again."""
    done = subprocess.run([sys.executable, "-c", ELSEWHERE], capture_output=True, text=True, check=True)
    assert abs(int(done.stdout) - 3_000_000) < 10_000


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
