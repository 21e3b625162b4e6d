"""The trusted side of one worker process: start it, give it a job, kill it.

A worker (`fork_server.py`) enforces each job's deadline itself.  The deadline here is the second line of defense, for
workers that were killed or stopped from outside.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rlvr_bench.rewards.workers.fork_server import FRAME, HEADER, SET_UP
from rlvr_bench.rewards.workers.threads import ThreadCap

START_SECONDS = 60.0  # enough for a cold disk and a busy machine
GRACE_SECONDS = 10.0
MAX_REPLY_BYTES = 4 << 20
_LOOK_SECONDS = 0.01


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
    """Called after the worker has ended, to remove what a killed worker left.  Raises nothing."""
    caps_threads: bool = False
    """A job's process is killed when it has too many threads (`threads.py`)."""


@dataclass(frozen=True)
class Reply:
    """How a job ended, and what it wrote."""

    end: str
    """exit, timeout, output_limit or threads"""
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
        self._cap: ThreadCap | None = None
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
            self._cap = ThreadCap(self.pid) if launch.caps_threads else None
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
        # Twice: the worker may wait as long as a job for a process to run it in.
        deadline = time.monotonic() + 2 * seconds + GRACE_SECONDS
        self._write(HEADER.pack(len(job), MAX_REPLY_BYTES, seconds) + job, deadline)
        parts: dict[bytes, list[bytes]] = {b"n": [], b"o": []}
        while True:
            kind, body = self._frame(deadline)
            if kind == b"e":
                return self._reply(json.loads(body), b"".join(parts[b"n"]), b"".join(parts[b"o"]))
            if kind == b"x":
                raise WorkerDied(body.decode(errors="replace"))
            parts[kind].append(body)

    def _reply(self, end: dict[str, Any], notes: bytes, output: bytes) -> Reply:
        """The reply of a job whose code ran; that it did not is no fault of the job."""
        if not notes.startswith(SET_UP):
            reason = notes.decode(errors="replace") or f"it ended before, by {end['end']}, with status {end['status']}"
            raise WorkerDied(f"the process of a job could not be set up: {reason}")
        if self._cap is not None and self._cap.exceeded:
            self._cap.exceeded = False
            end["end"] = "threads"
        return Reply(**end, notes=notes[len(SET_UP) :], output=output)

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
        while True:
            left = max(0.0, deadline - time.monotonic())
            if poller.poll(1000 * (left if self._cap is None else min(left, _LOOK_SECONDS))):
                return
            if left == 0.0:
                raise WorkerDied("the worker does not answer")
            if self._cap is not None:
                self._cap.look()


def start(launch: Callable[[], Launch], seconds: float) -> Worker:
    """Start a worker; while the machine has no process left for it, try again until so many seconds have passed.

    Raises:
        WorkerDied, OSError: it does not start.
    """
    give_up, pause = time.monotonic() + seconds, 0.02
    while True:
        try:
            return Worker(launch())
        except (WorkerDied, OSError) as error:
            # By its text, since a program that could not fork reports it on standard error.
            if os.strerror(errno.EAGAIN) not in str(error) or time.monotonic() + pause > give_up:
                raise
        time.sleep(pause)
        pause = min(2 * pause, 1.0)
