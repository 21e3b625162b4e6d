"""Landlock, called through ctypes, restricts the calling process to a few folders.

It needs neither privileges nor namespaces (Linux 5.13 and later, unless a container's own filter blocks it).  What it
cannot refuse (metadata changes, sockets, signals), seccomp does.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Sequence

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = 1, 2, 4, 8, 16, 32
_MAKE_DIR, _MAKE_REG, _REFER, _TRUNCATE, _IOCTL_DEV = 1 << 7, 1 << 8, 1 << 13, 1 << 14, 1 << 15
_ALL_OF_SECOND_ABI = (1 << 14) - 1
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_WRITE = _READ_FILE | _WRITE_FILE | _READ_DIR | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _REFER | _TRUNCATE
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_NETWORK = 3  # bind and connect over TCP
_SCOPED = 3  # abstract sockets and signals of processes outside


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


def _call(libc: ctypes.CDLL, name: str, number: int, *arguments: object) -> int:
    result = libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def abi(libc: ctypes.CDLL) -> int:
    """The version of Landlock that the kernel offers.

    Raises:
        OSError: ENOSYS (not built in) or EOPNOTSUPP (disabled at boot).
    """
    return _call(libc, "landlock_create_ruleset", _CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(1))


def restrict(libc: ctypes.CDLL, readable: Sequence[str], writable: Sequence[str], listable: Sequence[str] = ()) -> None:
    """Confine the calling thread and its descendants; `no_new_privs` must be set.  Irrevocable.

    Args:
        readable: files and folders that stay readable and executable; those that do not exist are skipped.
        writable: folders whose content may be created, changed and removed, and files that may be written to.
        listable: folders that may only be listed, like all below them.
    """
    version = abi(libc)
    if version < 2:
        raise OSError(errno.EOPNOTSUPP, f"landlock ABI {version}: cannot move files between folders, Linux 5.19 can")
    files = _ALL_OF_SECOND_ABI
    files |= _TRUNCATE if version >= 3 else 0
    files |= _IOCTL_DEV if version >= 5 else 0
    ruleset = _Ruleset(files, _NETWORK if version >= 4 else 0, _SCOPED if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8  # older kernels refuse a longer structure
    handle = _call(
        libc, "landlock_create_ruleset", _CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), ctypes.c_uint(0)
    )
    try:
        for paths, access in ((readable, _READ), (writable, _WRITE), (listable, _READ_DIR)):
            for path in paths:
                _allow(libc, handle, path, access & files)
        _call(libc, "landlock_restrict_self", _RESTRICT_SELF, ctypes.c_int(handle), ctypes.c_uint(0))
    finally:
        os.close(handle)


def _allow(libc: ctypes.CDLL, handle: int, path: str, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            access &= _FILE_RIGHTS
        rule = _PathRule(access, descriptor)
        _call(
            libc, "landlock_add_rule", _ADD_RULE, ctypes.c_int(handle), ctypes.c_int(1), ctypes.byref(rule),
            ctypes.c_uint(0),
        )  # fmt: skip
    finally:
        os.close(descriptor)
