"""The worker's loop: how a job ends, what comes back, and what is not charged to a job."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from rlvr_bench.rewards.workers.pool import Launch, Worker, WorkerDied, encode_job

PROGRAM = """
import os, sys, time
from rlvr_bench.rewards.workers import fork_server
def child(job, notes, output):
    exec(job["code"])
{setup}
fork_server.serve(child, {after}, {watch})
"""

Start = Callable[..., Worker]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a worker; it is ended with the test."""
    workers = []

    def start(setup: str = "", after: str = "lambda: None", watch: str = "None") -> Worker:
        code = PROGRAM.format(setup=setup, after=after, watch=watch)
        workers.append(Worker(Launch([sys.executable, "-c", code])))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()


def job(code: str, **more: str) -> bytes:
    return encode_job({"code": code, **more})


def test_what_a_child_writes_comes_back(start: Start) -> None:
    worker = start()
    reply = worker.run(job("os.write(notes, b'note'); os.write(output, b'out')"), 20.0)
    assert (reply.end, reply.status, reply.notes, reply.output) == ("exit", 0, b"note", b"out")
    assert worker.run(job("os.write(notes, ascii(job['text']).encode())", text="\ud800"), 20.0).notes == b"'\\ud800'"


def test_how_a_child_ends(start: Start) -> None:
    worker = start()
    ends = [worker.run(job(code), 20.0) for code in ("os._exit(3)", "os.kill(os.getpid(), 9)", "1 / 0")]
    assert [(reply.end, reply.status) for reply in ends] == [("exit", 3), ("exit", -9), ("exit", 70)]
    assert worker.run(job("while True: pass"), 0.2).end == "timeout"
    assert worker.run(job("while True: os.write(output, bytes(1 << 16))"), 20.0).end == "output_limit"


def test_jobs_do_not_see_each_other(start: Start) -> None:
    worker = start("import math")
    worker.run(job("math.left = 1"), 20.0)
    assert worker.run(job("os.write(notes, str(hasattr(math, 'left')).encode())"), 20.0).notes == b"False"


def test_a_watch_ends_a_child(start: Start) -> None:
    assert start(watch="lambda: True").run(job("time.sleep(60)"), 60.0).end == "output_limit"


def test_cleaning_up_after_one_job_is_not_charged_to_the_next(start: Start) -> None:
    """The clean-up makes the worker's clock jump by 1000 s."""
    setup = "real, jumps = time.monotonic, []\ntime.monotonic = lambda: real() + 1000 * len(jumps)"
    worker = start(setup, after="lambda: jumps.append(1)")
    assert [worker.run(job(""), 500.0).seconds < 500 for _ in range(3)] == [True] * 3


def test_an_answer_is_sent_before_the_clean_up_and_survives_its_failure(start: Start) -> None:
    worker = start(after="lambda: os._exit(3)")
    assert worker.run(job("os.write(notes, b'note')"), 20.0).notes == b"note"
    with pytest.raises(WorkerDied):
        worker.run(job(""), 20.0)


def test_the_end_of_the_trusted_side_ends_the_worker(start: Start) -> None:
    worker = start()
    worker.close()
    assert worker._process.returncode == 0
