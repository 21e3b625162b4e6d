"""Where runs are placed: cores and GPUs dealt to as many slots as runs may be in progress."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from rlvr_bench.harness.runs import slots
from rlvr_bench.harness.runs.slots import Slot


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "cores_here", lambda: [0, 2, 4, 6])


@pytest.mark.usefixtures("four_cores")
def test_one_a_core_by_default() -> None:
    assert slots.side_by_side() == [Slot(frozenset({c})) for c in (0, 2, 4, 6)]


@pytest.mark.usefixtures("four_cores")
def test_fewer_jobs_share_the_cores_evenly() -> None:
    assert slots.side_by_side(2) == [Slot(frozenset({0, 4})), Slot(frozenset({2, 6}))]


@pytest.mark.usefixtures("four_cores")
def test_more_jobs_than_cores_are_not_pinned() -> None:
    assert slots.side_by_side(5) == [Slot()] * 5


@pytest.mark.usefixtures("four_cores")
def test_one_a_gpu_and_gpus_in_turn() -> None:
    assert [s.gpu for s in slots.side_by_side(devices=["0", "3"])] == ["0", "3"]
    assert [s.gpu for s in slots.side_by_side(3, ["0", "3"])] == ["0", "3", "0"]
    assert slots.alone(["3", "0"]) == [Slot(None, "3")]
    assert slots.alone() == [Slot()]


def test_the_environment_of_a_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    found = Slot(gpu="1").environment(threads=2)
    assert (found["OMP_NUM_THREADS"], found["MKL_NUM_THREADS"], found["CUDA_VISIBLE_DEVICES"]) == ("2", "2", "1")
    assert found["GOMP_SPINCOUNT"] == "7"  # what the user has set stays
    assert "OMP_NUM_THREADS" not in Slot().environment(threads=0)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity to set")
def test_a_process_is_pinned() -> None:
    core = min(slots.cores_here())
    program = "import os, sys; sys.stdin.read(); print(sorted(os.sched_getaffinity(0)))"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        Slot(frozenset({core})).pin(child.pid)
        assert child.communicate(b"")[0].decode().strip() == f"[{core}]"
