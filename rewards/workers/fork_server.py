"""The inner loop of a worker process: read a job, fork a child for it, kill the child at its deadline, report.

Every job runs in a fresh fork of a warm process, so jobs cannot influence each other and cost milliseconds.
Runs inside the sandbox, where it is sent as text, so it imports the standard library only.  Jobs arrive on
descriptor 0 and frames leave on descriptor 1; when the former ends (the trainer died or closed it), the worker and
its child end too.

Frames: one byte of kind, four bytes of length, the body.  Kinds: `n` what the child wrote on its notes pipe,
`o` on its output pipe, `e` the end, a JSON object with `end` (exit | timeout | output_limit), `status`
(negative: the signal that killed the child) and `seconds`, the child's own: the clean-up after the previous child is
not included.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import struct
import time
from collections.abc import Callable
from typing import Any

HEADER = struct.Struct("!IId")  # bytes of the job, limit on the bytes of the reply, seconds
FRAME = struct.Struct("!cI")
OUT_OF_MEMORY = 9  # exit status that reports it, of our own programs
_CHUNK = 1 << 16
_WATCH_SECONDS = 0.01
_SET_PARENT_DEATH_SIGNAL = 1

_LIBC = ctypes.CDLL(None)

Child = Callable[[dict[str, Any], int, int], None]


def serve(child: Child, after: Callable[[], None] = lambda: None, watch: Callable[[], bool] | None = None) -> None:
    """Serve jobs until the trusted side closes the pipe.

    Args:
        child: runs in the fork with the job and the descriptors of the notes and of the output pipe; the fork
            ends when it returns.
        after: called in the worker after a child has ended, to clean up.
        watch: called in the worker every few milliseconds while a child runs, but not during the first few, in which
            most children end.  When it returns True the child is killed, with the end `output_limit`.
    """
    gc.collect()
    gc.freeze()  # the collector would touch, and so copy, every page that the children share
    gc.disable()
    _send(b"r", b"")
    while True:
        header = _receive(HEADER.size)
        if header is None:
            return
        size, limit, seconds = HEADER.unpack(header)
        job = _receive(size)
        if job is None:
            return
        end = _run(job, limit, seconds, child, watch)
        job[:] = bytes(len(job))  # so that the next job's child cannot read it
        if end is None:
            after()
            return
        _send(b"e", end)
        after()  # after the answer is sent: if this fails, the answer is kept and the worker is replaced


def _run(job: bytearray, limit: int, seconds: float, child: Child, watch: Callable[[], bool] | None) -> bytes | None:
    """Fork, relay, wait: the end, or None if the trusted side went away meanwhile."""
    start = time.monotonic()
    notes, notes_in = os.pipe()
    output, output_in = os.pipe()
    worker = os.getpid()
    pid = os.fork()
    if pid == 0:
        # If the worker is killed, the child dies too: otherwise nothing would end it at its deadline.
        _LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != worker:
            os._exit(71)
        _child_of(job, notes, output, notes_in, output_in, child)
    os.close(notes_in)
    os.close(output_in)
    handle = os.pidfd_open(pid)
    kinds = {notes: b"n", output: b"o"}
    try:
        end = _relay(handle, kinds, limit, start + seconds, watch)
        took = time.monotonic() - start
    finally:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        for descriptor in (handle, notes, output):
            os.close(descriptor)
    # Not through `json`: after a fork, every page that the worker touches costs a page fault.
    facts = (end.encode(), os.waitstatus_to_exitcode(status), took) if end is not None else None
    return None if facts is None else b'{"end": "%s", "status": %d, "seconds": %f}' % facts


def _child_of(job: bytearray, notes: int, output: int, notes_in: int, output_in: int, child: Child) -> None:
    status = 70
    try:
        os.close(notes)
        os.close(output)
        null = os.open("/dev/null", os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.close(null)
        gc.enable()
        child(json.loads(job), notes_in, output_in)
        status = 0
    finally:
        os._exit(status)


def _relay(
    handle: int, kinds: dict[int, bytes], limit: int, deadline: float, watch: Callable[[], bool] | None
) -> str | None:
    """Forward what the child writes until it ends; how it ended, or None if the trusted side is gone."""
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    poller.register(0, 0)  # only to learn that the other end is closed
    for descriptor in kinds:
        poller.register(descriptor, select.POLLIN)
    left = limit
    exited = False
    look = time.monotonic() + _WATCH_SECONDS
    while True:
        # After the exit the pipes hold all that is left: a child has no descendants that could still write.
        wait = 0.0 if exited else max(0.0, deadline - time.monotonic())
        if watch is not None and not exited:
            if time.monotonic() >= look:
                if watch():
                    return "output_limit"
                look = time.monotonic() + _WATCH_SECONDS
            wait = min(wait, _WATCH_SECONDS)
        events = dict(poller.poll(wait * 1000 + (not exited)))
        if 0 in events:
            return None
        for descriptor in [descriptor for descriptor in kinds if events.get(descriptor)]:
            chunk = os.read(descriptor, min(_CHUNK, left + 1))
            if not chunk:
                poller.unregister(descriptor)
                continue
            left -= len(chunk)
            if left < 0:
                return "output_limit"
            _send(kinds[descriptor], chunk)
        if exited and not any(events.get(descriptor) for descriptor in kinds):
            return "exit"
        exited = exited or handle in events
        if exited and handle in events:
            poller.unregister(handle)
        if not exited and time.monotonic() >= deadline:
            return "timeout"


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


def _send(kind: bytes, body: bytes) -> None:
    rest = memoryview(FRAME.pack(kind, len(body)) + body)
    while rest:
        rest = rest[os.write(1, rest) :]
