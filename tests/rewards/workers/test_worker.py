"""One worker: set-up that fails, starts that wait, deadlines."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rlvr_bench.rewards.workers import worker
from rlvr_bench.rewards.workers.pool import encode_job
from rlvr_bench.rewards.workers.worker import Launch, Worker, WorkerDied, start

PROGRAM = """
import os, time
from rlvr_bench.rewards.workers import fork_server
def set_up(job, notes, output):
    exec(job["set_up"])
def child(job, notes, output):
    exec(job["code"])
{first}
fork_server.serve(child, set_up=set_up)
"""


def program(first: str = "") -> Launch:
    return Launch([sys.executable, "-c", PROGRAM.format(first=first)])


def job(set_up: str = "", code: str = "os.write(notes, b'done')") -> bytes:
    return encode_job({"set_up": set_up, "code": code})


@pytest.mark.parametrize(
    ("set_up", "reason"),
    [
        ("raise OSError(38, 'no such call')", r"OSError: \[Errno 38\] no such call"),
        ("raise ValueError('\\ud800 ' + 'x' * 9000)", r"ValueError: .ud800 x"),
        ("os._exit(3)", "it ended before, by exit, with status 3"),
        ("os.kill(os.getpid(), 9)", "it ended before, by exit, with status -9"),
        ("time.sleep(60)", "it ended before, by timeout"),
    ],
)
def test_a_set_up_that_fails_is_no_reply(set_up: str, reason: str) -> None:
    made = Worker(program())
    try:
        with pytest.raises(WorkerDied, match=f"could not be set up: {reason}"):
            made.run(job(set_up), 0.5)
    finally:
        made.kill()


def test_the_code_of_a_job_cannot_take_back_that_it_was_set_up() -> None:
    made = Worker(program())
    try:
        assert made.run(job(code="os.write(notes, b'-')"), 9.0).notes == b"-"
        assert made.run(job(code="os._exit(70)"), 9.0).status == 70
        assert made.run(job(code="while True: pass"), 0.2).end == "timeout"
        assert made.run(job(), 9.0).notes == b"done"
    finally:
        made.kill()


# The first forks of the worker are refused, as if other processes had taken all process ids.
REFUSED = """
real, left = os.fork, [{count}]
def fork():
    left[0] -= 1
    if left[0] >= 0:
        raise OSError({code}, "no")
    return real()
os.fork = fork
"""


@pytest.mark.parametrize("code", [11, 12])
def test_a_fork_is_tried_again_while_there_is_no_process_for_it(code: int) -> None:
    made = Worker(program(REFUSED.format(count=5, code=code)))
    try:
        reply = made.run(job(), 9.0)
        assert reply.notes == b"done"
        assert reply.seconds < 0.5
    finally:
        made.kill()


@pytest.mark.parametrize(("count", "code"), [(10**9, 11), (1, 1)])
def test_a_fork_that_never_succeeds_is_no_reply_and_says_why(count: int, code: int) -> None:
    made = Worker(program(REFUSED.format(count=count, code=code)))
    try:
        with pytest.raises(WorkerDied, match=rf"no process for a job in 0\.3 s: \[Errno {code}\] no"):
            made.run(job(), 0.3)
    finally:
        made.kill()


def test_a_start_is_tried_again_while_there_is_no_process_for_it(tmp_path: Path) -> None:
    launches: list[int] = []

    def launch() -> Launch:
        launches.append(1)
        if len(launches) == 1:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        if len(launches) == 2:
            return Launch([sys.executable, "-c", "import sys; sys.exit('clone: Resource temporarily unavailable')"])
        return program()

    start(launch, 20.0).kill()
    assert len(launches) == 3


def test_a_start_that_fails_for_another_reason_or_for_too_long_is_an_error() -> None:
    launches: list[int] = []

    def missing() -> Launch:
        launches.append(1)
        raise FileNotFoundError(2, "there is no program")

    with pytest.raises(FileNotFoundError):
        start(missing, 20.0)
    assert len(launches) == 1

    def scarce() -> Launch:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with pytest.raises(BlockingIOError):
        start(scarce, 0.2)


def test_a_worker_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "START_SECONDS", 0.2)
    with pytest.raises(WorkerDied, match="does not answer"):
        Worker(Launch([sys.executable, "-c", "import time; time.sleep(60)"]))
