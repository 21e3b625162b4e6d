"""The trusted side of workers: replacement, repetition, closing."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlvr_bench.rewards.types import wrong
from rlvr_bench.rewards.workers.fork_server import OUT_OF_MEMORY
from rlvr_bench.rewards.workers.pool import ATTEMPTS, Pool, encode_job, note_of
from rlvr_bench.rewards.workers.worker import Launch, Reply, Worker, WorkerDied

ECHO = """
import os
from rlvr_bench.rewards.workers import fork_server
fork_server.serve(lambda job, notes, output: os.write(notes, job["say"].encode()))
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool(lambda: Launch([sys.executable, "-c", ECHO]), 2)
    yield made
    made.close()


def say(pool: Pool, text: str) -> bytes:
    return pool.run(encode_job({"say": text}), 20.0).notes


def test_jobs_are_shared_among_the_workers_in_order(pool: Pool) -> None:
    texts = [str(i) for i in range(20)]
    assert pool.map(lambda text: say(pool, text), texts) == [text.encode() for text in texts]
    assert len(pool.worker_pids()) == 2


def test_a_job_whose_worker_dies_is_repeated_and_the_last_time_is_an_error(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failing = Worker.run, [True]

    def run(worker: Worker, job: bytes, seconds: float) -> Reply:
        if failing:
            failing.pop()
            raise WorkerDied("gone")
        return real(worker, job, seconds)

    monkeypatch.setattr(Worker, "run", run)
    deaths, retries = pool.deaths, pool.retries
    assert say(pool, "again") == b"again"
    assert (pool.deaths, pool.retries) == (deaths + 1, retries + 1)
    failing += [True] * ATTEMPTS
    with pytest.raises(WorkerDied, match="gone"):
        say(pool, "never")
    assert (pool.deaths, pool.retries) == (deaths + 1 + ATTEMPTS, retries + ATTEMPTS)
    assert say(pool, "again") == b"again"


def test_a_worker_that_cannot_start_says_why() -> None:
    removed: list[int] = []
    with pytest.raises(WorkerDied, match="no start"):
        Worker(Launch([sys.executable, "-c", "import sys; sys.exit('no start')"], after=lambda: removed.append(1)))
    assert removed == [1]


def test_a_missing_program_is_an_os_error() -> None:
    removed: list[int] = []
    with pytest.raises(OSError, match="nowhere"):
        Worker(Launch(["/nowhere/python"], after=lambda: removed.append(1)))
    assert removed == [1] and not Path("/nowhere").exists()


def test_a_pool_needs_no_new_thread_once_it_is_made(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be no process id left for one."""
    made = Pool(lambda: Launch([sys.executable, "-c", ECHO]), 2)

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert made.map(abs, [-1, 2, -3]) == [1, 2, 3]
    made.close()


def test_a_closed_pool_runs_nothing() -> None:
    pool = Pool(lambda: Launch([sys.executable, "-c", ECHO]), 1)
    pool.close()
    pool.close()
    with pytest.raises(RuntimeError, match="closed"):
        say(pool, "x")
    with pytest.raises(ValueError, match="at least one worker"):
        Pool(lambda: Launch([]), 0)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply("exit", 0, b'{"equal": true}', b"", 0.1), {"equal": True}),
        (Reply("timeout", -9, b"", b"", 0.1), wrong(outcome="timeout")),
        (Reply("output_limit", -9, b"", b"", 0.1), wrong(outcome="output_limit")),
        (Reply("exit", OUT_OF_MEMORY, b"", b"", 0.1), wrong(outcome="memory")),
        (Reply("exit", -11, b"", b"", 0.1), wrong("the program ended with status -11", outcome="crash")),
        (Reply("exit", 0, b"", b"", 0.1), wrong("the program ended with status 0", outcome="crash")),
    ],
)
def test_what_a_reply_means(reply: Reply, expected: object) -> None:
    assert note_of(reply, "the program") == expected


def test_a_job_is_ascii_and_keeps_lone_surrogates() -> None:
    job = {"say": "a\ud800\u00e4"}
    assert json.loads(encode_job(job).decode("ascii")) == job
