"""How long a process waited for a processor: written by hand, on a machine that is kept busy, and unknown."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rlvr_bench.harness.meters.process.processor import THREADS, ProcessorMeter

needs_schedstat = pytest.mark.skipif(
    not any(THREADS.glob("*/schedstat")), reason="the system does not tell how long a thread waited"
)


def told(folder: Path, **nanoseconds: int) -> None:
    for thread, waited in nanoseconds.items():
        (folder / thread).mkdir(exist_ok=True)
        (folder / thread / "schedstat").write_text(f"5 {waited} 7\n")


def test_threads_and_phases_are_added_up_and_what_is_left_out_is_not(tmp_path: Path) -> None:
    told(tmp_path, one=10**9, two=0)
    with ProcessorMeter(tmp_path) as meter:
        assert meter.row() == {}  # a step that was only evaluated
        meter.begin("rollout")
        told(tmp_path, one=3 * 10**9, two=10**9, three=10**9)  # three began in the phase
        meter.end("rollout")
        meter.begin("evaluate")
        told(tmp_path, one=50 * 10**9)
        meter.end("evaluate")
        meter.begin("score")
        told(tmp_path, one=51 * 10**9)
        meter.end("score")
        assert meter.row() == {"cost/processor_wait": 5.0}
        meter.begin("score")
        meter.end("score")
        assert meter.row() == {"cost/processor_wait": 0.0}


def test_what_is_not_told_is_unknown_and_not_zero(tmp_path: Path) -> None:
    with ProcessorMeter(tmp_path) as meter:
        meter.begin("rollout")
        meter.end("rollout")
        assert meter.row() == {"cost/processor_wait": None}


@needs_schedstat
def test_a_process_that_shares_its_processor_waits() -> None:
    cpu = min(os.sched_getaffinity(0))
    program = f"import os; os.sched_setaffinity(0, {{{cpu}}}); print(1, flush=True)\nwhile True: pass"
    allowed = os.sched_getaffinity(0)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as other, ProcessorMeter() as meter:
        try:
            assert other.stdout is not None
            other.stdout.readline()
            os.sched_setaffinity(0, {cpu})
            meter.begin("rollout")
            begin = time.perf_counter()
            while time.perf_counter() - begin < 0.5:
                pass
            meter.end("rollout")
            waited = meter.row()["cost/processor_wait"]
        finally:
            os.sched_setaffinity(0, allowed)
            other.kill()
    assert waited is not None and waited > 0.1
