"""The inner loop of a worker process: read a job, fork a child for it, kill the child at its deadline, report.

Every job runs in a fresh fork of a warm process, so it costs milliseconds and cannot influence the next.  Nor can it be
read by the next, which is a fork of this process and finds in its own memory whatever was freed here without being
cleared: jobs and answers stay in buffers that are zeroed.  Runs inside the sandbox, where it is sent as text, so it
imports the standard library only.  Jobs arrive on descriptor 0 and frames leave on descriptor 1; when the former ends
(the trainer died or closed it), the worker and its child end too.

Frames: one byte of kind, four bytes of length, the body.  Kinds: `r` the worker is ready, `n` what the child wrote on
its notes pipe, `o` on its output pipe, `e` the end, a JSON object with `end` (exit | timeout | output_limit), `status`
(negative: the signal that killed the child) and `seconds`, the child's own: the clean-up after the previous child is
not included.  `x` ends a job that got no process at all; the body says why, and the worker ends.

The first byte of the notes is not the job's: `SET_UP` was written before any code of the job ran.  Where it is missing,
the notes say why the child could not be set up, or are empty because it had no time to.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import json
import os
import select
import signal
import struct
import time
from collections.abc import Callable
from typing import Any, Protocol

HEADER = struct.Struct("!IId")  # bytes of the job, limit on the bytes of the reply, seconds
FRAME = struct.Struct("!cI")
SET_UP = b"+"
OUT_OF_MEMORY = 9  # exit status that reports it, of our own programs
_CHUNK = 1 << 16
_ZEROS = bytes(_CHUNK)
_WATCH_SECONDS = 0.01
_SET_PARENT_DEATH_SIGNAL = 1

_LIBC = ctypes.CDLL(None)

Child = Callable[[dict[str, Any], int, int], None]


class Pace(Protocol):
    """What waits for the worker's permission while a child runs."""

    descriptor: int
    """readable while something waits"""

    def begin(self) -> None:
        """A new child starts."""

    def let_one(self) -> None:
        """Give the permission that is waited for."""


def serve(
    child: Child,
    after: Callable[[], None] = lambda: None,
    watch: Callable[[], bool] | None = None,
    *,
    set_up: Child = lambda job, notes, output: None,
    pace: Pace | None = None,
) -> None:
    """Serve jobs until the trusted side closes the pipe.

    Args:
        child: runs in the fork with the job and the descriptors of the notes and of the output pipe; the fork
            ends when it returns.
        after: called in the worker after a child has ended, to clean up.
        watch: called in the worker every few milliseconds while a child runs, but not during the first few, in which
            most children end.  When it returns True the child is killed, with the end `output_limit`.
        set_up: called in the fork before the child.  An exception is a failure of the infrastructure, not of the job.
        pace: how fast a child's threads may come.
    """
    outboxes = _Outbox(b"n"), _Outbox(b"o")
    gc.collect()
    gc.freeze()  # the collector would touch, and so copy, every page that the children share
    gc.disable()
    _send(FRAME.pack(b"r", 0))
    while True:
        header = _receive(HEADER.size)
        if header is None:
            return
        size, limit, seconds = HEADER.unpack(header)
        job = _receive(size)
        if job is None:
            return
        try:
            pid, notes, output = _forked(job, seconds, set_up, child)
        except OSError as error:
            reason = f"no process for a job in {seconds:.1f} s: {error}".encode()
            _send(FRAME.pack(b"x", len(reason)) + reason)
            return
        end = _ended(pid, dict(zip((notes, output), outboxes, strict=True)), limit, seconds, watch, pace)
        job[:] = bytes(len(job))  # so that the next job's child cannot read it
        if end is None:
            after()
            return
        _send(FRAME.pack(b"e", len(end)) + end)
        after()  # after the answer is sent: if this fails, the answer is kept and the worker is replaced


class _Outbox:
    """What a child wrote on one of its pipes, on its way out: a fixed buffer, sent when full and then zeroed."""

    def __init__(self, kind: bytes) -> None:
        self._kind, self._filled = kind, 0
        self._frame = memoryview(bytearray(FRAME.size + _CHUNK))

    def take(self, descriptor: int, limit: int) -> int:
        """Read once from a pipe, at most so many bytes; how many, and 0 at its end."""
        start = FRAME.size + self._filled
        count = os.readv(descriptor, [self._frame[start : start + min(limit, _CHUNK - self._filled)]])
        self._filled += count
        if self._filled == _CHUNK:
            self.send()
        return count

    def send(self) -> None:
        """Send what has been read, if anything, and zero it."""
        if self._filled:
            FRAME.pack_into(self._frame, 0, self._kind, self._filled)
            _send(self._frame[: FRAME.size + self._filled])
            self.wipe()

    def wipe(self) -> None:
        """Zero what has been read."""
        self._frame[FRAME.size : FRAME.size + self._filled] = _ZEROS[: self._filled]
        self._filled = 0


def _forked(job: bytearray, seconds: float, set_up: Child, child: Child) -> tuple[int, int, int]:
    """A child at work on a job: its process id, and the pipes on which its notes and its output arrive.

    While there is no process id or memory for it, which others may have taken, the fork is tried again for as long as
    the job may last.
    """
    notes, notes_in = os.pipe()
    output, output_in = os.pipe()
    worker = os.getpid()
    give_up, pause = time.monotonic() + seconds, 0.001
    while True:
        try:
            pid = os.fork()
            break
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ENOMEM) or time.monotonic() + pause > give_up:
                raise
        time.sleep(pause)
        pause = min(2 * pause, 0.1)
    if pid == 0:
        # If the worker is killed, the child dies too: otherwise nothing would end it at its deadline.
        _LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != worker:
            os._exit(71)
        os.close(notes)
        os.close(output)
        _child_of(job, notes_in, output_in, set_up, child)
    os.close(notes_in)
    os.close(output_in)
    return pid, notes, output


def _child_of(job: bytearray, notes: int, output: int, set_up: Child, child: Child) -> None:
    status = 70
    try:
        try:
            null = os.open("/dev/null", os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            os.close(null)
            gc.enable()
            parsed = json.loads(job)
            set_up(parsed, notes, output)
        except BaseException as error:
            os.write(notes, f"{type(error).__name__}: {error}".encode("ascii", "backslashreplace")[:500])
            raise
        os.write(notes, SET_UP)
        child(parsed, notes, output)
        status = 0
    finally:
        os._exit(status)


def _ended(
    pid: int,
    outboxes: dict[int, _Outbox],
    limit: int,
    seconds: float,
    watch: Callable[[], bool] | None,
    pace: Pace | None,
) -> bytes | None:
    """Relay what a child writes until it ends or its time is up: the end, or None if the trusted side went away.

    Args:
        outboxes: where what arrives on each pipe is put.
    """
    start = time.monotonic()
    handle = os.pidfd_open(pid)
    try:
        end = _relay(handle, outboxes, limit, start + seconds, watch, pace)
        took = time.monotonic() - start
    finally:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        for descriptor in (handle, *outboxes):
            os.close(descriptor)
        for outbox in outboxes.values():
            outbox.wipe()
    # Not through `json`: after a fork, every page that the worker touches costs a page fault.
    facts = (end.encode(), os.waitstatus_to_exitcode(status), took) if end is not None else None
    return None if facts is None else b'{"end": "%s", "status": %d, "seconds": %f}' % facts


def _relay(
    handle: int,
    outboxes: dict[int, _Outbox],
    limit: int,
    deadline: float,
    watch: Callable[[], bool] | None,
    pace: Pace | None,
) -> str | None:
    """Forward what the child writes until it ends; how it ended, or None if the trusted side is gone."""
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    poller.register(0, 0)  # only to learn that the other end is closed
    for descriptor in outboxes:
        poller.register(descriptor, select.POLLIN)
    if pace is not None:
        pace.begin()
        poller.register(pace.descriptor, select.POLLIN)
    left, end = limit, None
    exited = False
    look = time.monotonic() + _WATCH_SECONDS
    while end is None:
        # After the exit the pipes hold all that is left: a child has no descendants that could still write.
        wait = 0.0 if exited else max(0.0, deadline - time.monotonic())
        if watch is not None and not exited:
            if time.monotonic() >= look:
                if watch():
                    end = "output_limit"
                    break
                look = time.monotonic() + _WATCH_SECONDS
            wait = min(wait, _WATCH_SECONDS)
        events = dict(poller.poll(wait * 1000 + (not exited)))
        if 0 in events:
            return None
        if pace is not None and events.get(pace.descriptor, 0) & select.POLLIN:
            pace.let_one()
        ready = [descriptor for descriptor in outboxes if events.get(descriptor)]
        for descriptor in ready:
            count = outboxes[descriptor].take(descriptor, left + 1)
            if not count:
                poller.unregister(descriptor)
            left -= count
        if left < 0:
            end = "output_limit"
        elif exited and not ready:
            end = "exit"
        elif not exited and handle in events:
            exited = True
            poller.unregister(handle)
        elif not exited and time.monotonic() >= deadline:
            end = "timeout"
    for outbox in outboxes.values():
        outbox.send()
    return end


def _receive(size: int) -> bytearray | None:
    """Exactly so many bytes of the job pipe; None at its end."""
    buffer = bytearray(size)
    view, got = memoryview(buffer), 0
    while got < size:
        count = os.readv(0, [view[got:]])
        if count == 0:
            return None
        got += count
    return buffer


def _send(frame: bytes | memoryview) -> None:
    rest = memoryview(frame)
    while rest:
        rest = rest[os.write(1, rest) :]
