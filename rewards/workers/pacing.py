"""New threads of a child are announced to the worker, which lets them come quickly at first and then slowly.

Their number is capped from outside (`threads.py`), by a look every few milliseconds.  A bare `clone`
makes a hundred threads a millisecond, and so many new threads also keep the one that looks from its processor:
thousands came and went unseen.  At the pace set here a few come between two looks.

Sent into the sandbox as text, so it imports only the standard library and the modules sent with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import platform
import struct
import time

from rlvr_bench.rewards.sandbox import seccomp

AT_ONCE = 64
PAUSE_SECONDS = 0.0005

_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER, _NEW_LISTENER = 1, 8
_RECEIVE, _SEND = 0xC0502100, 0xC0182101  # the ioctl numbers of SECCOMP_IOCTL_NOTIF_RECV and _SEND
_ANNOUNCEMENT_BYTES, _ANSWER = 80, struct.Struct("=QqiI")  # id, value, error, flags
_CONTINUE = 1


class Pace:
    """The pace of new threads in all children of this process.

    A filter is inherited, so this process takes it once; it must not make threads itself.  `no_new_privs` must be set.

    Raises:
        OSError: the kernel cannot do that (before Linux 5.5), or a container already does.
    """

    def __init__(self, libc: ctypes.CDLL) -> None:
        program = seccomp.announcing_threads()
        packed = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
        buffer = ctypes.create_string_buffer(packed, len(packed))
        described = seccomp.Program(len(program), ctypes.cast(buffer, ctypes.c_void_p).value)
        number = _SECCOMP[platform.machine()]
        self.descriptor = libc.syscall(
            ctypes.c_long(number),
            ctypes.c_uint(_SET_MODE_FILTER),
            ctypes.c_uint(_NEW_LISTENER),
            ctypes.byref(described),
        )
        """Readable when a thread waits to begin.  A child must close it: with it, it could set its own pace."""
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")
        os.set_inheritable(self.descriptor, False)
        self._made = 0

    def begin(self) -> None:
        """A new child starts."""
        self._made = 0

    def let_one(self) -> None:
        """Let the thread that waits begin, after a pause if there have been many."""
        announcement = bytearray(_ANNOUNCEMENT_BYTES)
        with contextlib.suppress(FileNotFoundError):  # the child has been killed meanwhile
            fcntl.ioctl(self.descriptor, _RECEIVE, announcement, True)
            self._made += 1
            if self._made > AT_ONCE:
                time.sleep(PAUSE_SECONDS)
            answer = bytearray(_ANSWER.pack(int.from_bytes(announcement[:8], "little"), 0, 0, _CONTINUE))
            fcntl.ioctl(self.descriptor, _SEND, answer, True)


def begun(libc: ctypes.CDLL) -> Pace | None:
    """The pace, or None where the kernel or a container does not permit it: the cap then holds less tightly."""
    try:
        return Pace(libc)
    except OSError:
        return None
