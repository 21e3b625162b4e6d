"""The trusted side of worker processes: start them, hand out jobs, replace those that die or hang.

A worker (`fork_server.py`) enforces each job's deadline itself.  The deadline here is the second line of defense, for
workers that were killed or stopped from outside.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import LifoQueue
from typing import Any, TypeVar

from rlvr_bench.rewards.types import Verdict, wrong
from rlvr_bench.rewards.workers.fork_server import FRAME, HEADER, OUT_OF_MEMORY

START_SECONDS = 60.0  # enough for a cold disk and a busy machine
GRACE_SECONDS = 10.0
MAX_REPLY_BYTES = 4 << 20
ATTEMPTS = 3

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerDied(Exception):
    """A worker ended or did not answer, and the job is not known to be the cause."""


@dataclass(frozen=True)
class Launch:
    """How a worker is started."""

    command: Sequence[str]
    boot: bytes = b""
    """Sent before the first job."""
    environment: dict[str, str] | None = None
    reports_pid: bool = False
    """The command takes `--info-fd` (bubblewrap) and reports the process whose death ends the whole sandbox."""
    after: Callable[[], None] = lambda: None
    """Called after the worker has ended, to remove what a killed worker left."""


@dataclass(frozen=True)
class Reply:
    """How a job ended, and what it wrote."""

    end: str
    """exit, timeout or output_limit"""
    status: int
    """exit status; negative: the signal"""
    notes: bytes
    output: bytes
    seconds: float
    """wall clock from the child's fork to its end"""


class Worker:
    """One worker process.  Not thread-safe: the pool lends it to one thread at a time."""

    def __init__(self, launch: Launch) -> None:
        command, passed = list(launch.command), []
        info, info_in = os.pipe()
        if launch.reports_pid:
            command[1:1] = ["--info-fd", str(info_in)]
            passed = [info_in]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the worker
        self._init: int | None = None
        self._after = launch.after
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, bufsize=0,
                env=launch.environment, pass_fds=passed, start_new_session=True,
            )  # fmt: skip
        except OSError:
            self._errors.close()
            self._after()
            os.close(info)
            raise
        finally:
            os.close(info_in)
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._buffer = bytearray()
        self.pid = self._process.pid
        """The process whose death ends the worker and everything in it."""
        os.set_blocking(self._in, False)
        deadline = time.monotonic() + START_SECONDS
        try:
            self._write(launch.boot, deadline)
            if self._frame(deadline)[0] != b"r":
                raise WorkerDied("the worker did not report that it is ready")
            if launch.reports_pid:
                self.pid = json.loads(os.read(info, 1 << 12))["child-pid"]
                self._init = os.pidfd_open(self.pid)
        except (WorkerDied, OSError, ValueError) as error:
            message = self._last_error()
            self.kill()
            raise WorkerDied(message or str(error)) from error
        finally:
            os.close(info)

    def run(self, job: bytes, seconds: float) -> Reply:
        """Run one job.

        Raises:
            WorkerDied: the worker must be killed and replaced.
        """
        deadline = time.monotonic() + seconds + GRACE_SECONDS
        self._write(HEADER.pack(len(job), MAX_REPLY_BYTES, seconds) + job, deadline)
        parts: dict[bytes, list[bytes]] = {b"n": [], b"o": []}
        while True:
            kind, body = self._frame(deadline)
            if kind == b"e":
                notes, output = b"".join(parts[b"n"]), b"".join(parts[b"o"])
                return Reply(**json.loads(body), notes=notes, output=output)
            parts[kind].append(body)

    def kill(self) -> None:
        """End the worker and everything in it, now.  Idempotent."""
        if self._init is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init, signal.SIGKILL)
            os.close(self._init)
            self._init = None
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._errors.close()
        self._after()

    def close(self) -> None:
        """Tell the worker to end, and wait for it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_SECONDS)
        self.kill()

    def _last_error(self) -> str:
        """The last line that the worker wrote to standard error before it failed to start."""
        self._errors.seek(0)
        text = self._errors.read().decode(errors="replace").strip()
        return text.splitlines()[-1] if text else ""

    def _write(self, data: bytes, deadline: float) -> None:
        rest = memoryview(data)
        while rest:
            self._await(self._in, select.POLLOUT, deadline)
            try:
                rest = rest[os.write(self._in, rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise WorkerDied(f"the worker is gone: {error}") from error

    def _frame(self, deadline: float) -> tuple[bytes, bytes]:
        kind, length = FRAME.unpack(self._read(FRAME.size, deadline))
        return kind, self._read(length, deadline)

    def _read(self, size: int, deadline: float) -> bytes:
        while len(self._buffer) < size:
            self._await(self._out, select.POLLIN, deadline)
            chunk = os.read(self._out, 1 << 16)
            if not chunk:
                raise WorkerDied("the worker ended")
            self._buffer += chunk
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _await(self, descriptor: int, event: int, deadline: float) -> None:
        poller = select.poll()
        poller.register(descriptor, event)
        if not poller.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise WorkerDied("the worker does not answer")


class Pool:
    """A fixed number of workers, started when first needed and shared by any number of threads."""

    def __init__(self, launch: Callable[[], Launch], size: int) -> None:
        if size < 1:
            raise ValueError(f"a pool has at least one worker, got {size}")
        self.size = size
        self.deaths = 0
        """Workers that had to be replaced."""
        self.retries = 0
        """Jobs repeated because their worker died."""
        self._launch = launch
        self._busy: set[Worker] = set()
        self._idle: LifoQueue[Worker | None] = LifoQueue()
        for _ in range(size):
            self._idle.put(None)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="rewards")
        self._lock = threading.Lock()
        self._closed = False

    def run(self, job: bytes, seconds: float) -> Reply:
        """Run a job on the next free worker; if that dies, on another.

        Raises:
            WorkerDied: every attempt ended that way, so there is no verdict.
        """
        for attempt in range(1, ATTEMPTS + 1):
            worker = self._idle.get()
            try:
                if self._closed:
                    raise RuntimeError("the pool is closed")
                worker = worker or Worker(self._launch())
                self._busy.add(worker)
                return worker.run(job, seconds)
            except (WorkerDied, OSError) as error:
                with self._lock:
                    self.deaths += 1
                    self.retries += attempt < ATTEMPTS
                worker = self._killed(worker)
                if attempt == ATTEMPTS:
                    raise WorkerDied(str(error)) from error
            except BaseException:
                worker = self._killed(worker)  # interrupted during a job
                raise
            finally:
                if worker is not None:
                    self._busy.discard(worker)
                self._idle.put(worker)
        raise AssertionError("unreachable")

    def _killed(self, worker: Worker | None) -> None:
        if worker is not None:
            self._busy.discard(worker)
            worker.kill()

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Apply a function that runs jobs to items, as many at a time as there are workers."""
        return list(self._threads.map(function, items))

    def worker_pids(self) -> list[int]:
        """Process ids of the running workers."""
        with self._idle.mutex:
            idle = [worker for worker in self._idle.queue if worker is not None]
        return [worker.pid for worker in {*idle, *self._busy.copy()}]

    def close(self) -> None:
        """End all workers.  Waits for running jobs.  Idempotent."""
        if self._closed:
            return
        self._threads.shutdown()
        self._closed = True
        for _ in range(self.size):
            worker = self._idle.get()
            if worker is not None:
                worker.close()
        for _ in range(self.size):
            self._idle.put(None)


def note_of(reply: Reply, what: str) -> dict[str, Any] | Verdict:
    """What one of our own programs reported from its fork; the verdict where it reported nothing.

    Args:
        what: the program, for the detail of a crash.
    """
    if reply.end != "exit":
        return wrong(outcome="timeout" if reply.end == "timeout" else "output_limit")
    if reply.status == OUT_OF_MEMORY:
        return wrong(outcome="memory")
    if reply.status != 0 or not reply.notes:
        return wrong(f"{what} ended with status {reply.status}", outcome="crash")
    return json.loads(reply.notes)


def encode_job(job: dict[str, Any]) -> bytes:
    """A job as bytes: ASCII, so that unpaired surrogates survive too."""
    return json.dumps(job).encode("ascii")
