"""Before a process runs untrusted code, it gives up privileges, resources and system calls.

Sent into the sandbox as text, so it imports only the standard library and the modules sent with it.
"""

from __future__ import annotations

import ctypes
import os
import resource
from typing import Any

from rlvr_bench.rewards.sandbox import landlock, seccomp

REPORT_RESERVE = 64 << 20  # address space held back so that running out of memory can still be reported
MAX_FILE_BYTES = 8 << 20
MAX_DESCRIPTORS = 64

_SET_DUMPABLE, _SET_NO_NEW_PRIVS = 4, 38
_CAPABILITY_VERSION = 0x20080522


def load_libc() -> ctypes.CDLL:
    """The C library, with errno saved after each call."""
    return ctypes.CDLL(None, use_errno=True)


def confine_worker(libc: ctypes.CDLL, config: dict[str, Any]) -> None:
    """Give up privileges for the worker and all its children: capabilities, set-uid programs, the file system.

    Raises:
        OSError: the kernel does not offer what the tier needs.
    """
    _checked(libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)")
    # Not dumpable: the child can neither trace the worker nor open its memory, though both have one user id.
    _checked(libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0), "prctl(PR_SET_DUMPABLE)")
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _checked(libc.capset(header, nothing), "capset")
    if config["landlock"]:
        landlock.restrict(libc, config["readable"], config["writable"], config["listable"])


def confine_child(libc: ctypes.CDLL, *, memory: int, seconds: float, calls: seccomp.Filter | None) -> None:
    """Set the limits of one child and, unless the tier is the unsafe one, its system-call filter.

    Where the machine's own limits are lower, those hold.
    """
    limits = (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, MAX_FILE_BYTES, MAX_FILE_BYTES),
        (resource.RLIMIT_NOFILE, MAX_DESCRIPTORS, MAX_DESCRIPTORS),
        (resource.RLIMIT_CPU, int(seconds) + 2, int(seconds) + 3),
        (resource.RLIMIT_AS, memory, memory + REPORT_RESERVE),
    )
    for which, soft, hard in limits:
        resource.setrlimit(which, within(soft, hard, resource.getrlimit(which)[1]))
    if calls is not None:
        calls.install(libc)


def within(soft: int, hard: int, ceiling: int) -> tuple[int, int]:
    """A limit that a process may set whose own hard limit is the ceiling: that can only be lowered.

    The distance of the two is kept, since it serves to report what happened at the soft one.
    """
    if ceiling == resource.RLIM_INFINITY or ceiling >= hard:
        return soft, hard
    return max(0, ceiling - (hard - soft)), ceiling


def _checked(result: int, name: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
