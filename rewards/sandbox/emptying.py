"""Empties and weighs a scratch folder without leaving the name of a file in this process's memory.

A completion can put what it computed into the name of a file.  The next one is a fork of the process that cleans up, so
no name may become an object of Python's, whose memory is not cleared when it is freed.  Names stay where the kernel
wrote them, in a buffer that is zeroed; the system calls are given their addresses.

Sent into the sandbox as text, so it imports only the standard library and the modules sent with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import secrets
import struct
from collections.abc import Iterator

from rlvr_bench.rewards.sandbox.syscalls import ALLOWED

MAX_BYTES = 16 << 20
MAX_FILES = 1000
MAX_LEVELS = 20  # of folders in folders; no honest solution nests this deep

_BATCH = 1 << 12  # bytes of entries read at a time; one takes at most 280
_ENTRY = struct.Struct("=16xHB")  # length and type; the name follows
_NAME = 19  # its offset
_STATUS = struct.Struct("=28xH10xQQ")  # mode, size, blocks: what is used of the kernel's `struct statx`
_STATUS_BYTES, _WANTED = 256, 0x7FF
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_UNKNOWN, _FOLDER, _FORMAT, _FOLDER_FORMAT = 0, 4, 0o170000, 0o040000  # as the kernel numbers them
_NO_FOLLOW, _REMOVE_FOLDER = 0x100, 0x200

_COLUMN = {"x86_64": 0, "aarch64": 1}.get(platform.machine())
_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.openat.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_LIBC.unlinkat.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_LIBC.fchmodat.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)
_LIBC.renameat.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p)


def empty(folder: str) -> None:
    """Remove all that is in a folder.

    Folders are moved up and emptied one by one, because a hostile tree can be too deep for recursion and for a path.

    Raises:
        OSError: something is in it that cannot be removed, or has been added meanwhile.
    """
    root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with _names(levels=2) as names:
            while _emptied_once(names, root):
                os.lseek(root, 0, os.SEEK_SET)
    finally:
        os.close(root)


def over_cap(folder: str) -> bool:
    """Whether a completion has filled its scratch folder, with bytes or with files and folders.

    Needed in every tier: no file system used here caps the number of files, and in two tiers it caps nothing.
    Files that are removed but still open or mapped are not seen; the limits on descriptors, file size and address
    space bound them.
    """
    try:
        root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:  # in the unsafe tier the solution can remove it
        return False
    try:
        with _names(MAX_LEVELS + 1) as names:
            return _Weight().add(names, root, 0)
    finally:
        os.close(root)


class _Names:
    """The entries of folders, as the kernel lists them: one batch for each level of folders in folders."""

    def __init__(self, levels: int) -> None:
        self._buffer = ctypes.create_string_buffer(levels * _BATCH)
        self._start = ctypes.addressof(self._buffer)
        self._bytes = memoryview(self._buffer).cast("B")
        self._status = ctypes.create_string_buffer(_STATUS_BYTES)

    def wipe(self) -> None:
        """Zero all names."""
        ctypes.memset(self._start, 0, len(self._buffer))

    def of(self, folder: int, level: int) -> Iterator[tuple[int, bool]]:
        """Address of the name of each entry of an open folder, and whether it is a folder itself.

        Addresses are valid until the next is asked for.
        """
        first = level * _BATCH
        while size := _number_call("getdents64", folder, ctypes.c_void_p(self._start + first), _BATCH):
            place = first
            while place < first + size:
                length, kind = _ENTRY.unpack_from(self._buffer, place)
                name = self._start + place + _NAME
                if not self._is_folder_itself(place + _NAME):
                    yield name, kind == _FOLDER or (kind == _UNKNOWN and self._mode(folder, name) == _FOLDER_FORMAT)
                place += length

    def bytes_of(self, folder: int, name: int) -> int:
        """What a file takes: a mapped file grows in blocks after its size is set."""
        _, size, blocks = self._stated(folder, name)
        return max(size, blocks * 512)

    def _is_folder_itself(self, place: int) -> bool:
        """`.` or `..`, compared number by number: a slice would be a copy."""
        dot, first, second, third = ord("."), *self._bytes[place : place + 3]
        return first == dot and (second == 0 or (second == dot and third == 0))

    def _mode(self, folder: int, name: int) -> int:
        return self._stated(folder, name)[0] & _FORMAT

    def _stated(self, folder: int, name: int) -> tuple[int, int, int]:
        _number_call("statx", folder, ctypes.c_void_p(name), _NO_FOLLOW, _WANTED, ctypes.byref(self._status))
        return _STATUS.unpack_from(self._status)


@contextlib.contextmanager
def _names(levels: int) -> Iterator[_Names]:
    names = _Names(levels)
    try:
        yield names
    finally:
        names.wipe()


def _emptied_once(names: _Names, root: int) -> bool:
    """Go through a folder: remove its files, move the folders in its folders up to it; whether anything was found."""
    found = False
    for name, is_folder in names.of(root, 0):
        found = True
        if not is_folder:
            _checked(_LIBC.unlinkat(root, name, 0))
            continue
        inner = _opened(root, name)
        try:
            left = True
            while left:
                left = False
                for inside, is_folder_too in names.of(inner, 1):
                    left = True
                    if is_folder_too:
                        # Any mode can be set when a folder is made, and moving a folder writes to it.
                        _checked(_LIBC.fchmodat(inner, inside, 0o700, 0))
                        _checked(_LIBC.renameat(inner, inside, root, secrets.token_hex(16).encode()))
                    else:
                        _checked(_LIBC.unlinkat(inner, inside, 0))
                os.lseek(inner, 0, os.SEEK_SET)
        finally:
            os.close(inner)
        _checked(_LIBC.unlinkat(root, name, _REMOVE_FOLDER))
    return found


class _Weight:
    """Bytes and entries counted so far."""

    def __init__(self) -> None:
        self._bytes, self._count = 0, 0

    def add(self, names: _Names, folder: int, level: int) -> bool:
        """Count what is in a folder; whether that is too much.  What is removed meanwhile is not counted."""
        if level == MAX_LEVELS:
            return True
        with contextlib.suppress(FileNotFoundError):  # the folder itself was removed
            for name, is_folder in names.of(folder, level):
                self._count += 1
                with contextlib.suppress(FileNotFoundError):
                    if is_folder:
                        inner = _opened(folder, name)
                        try:
                            if self.add(names, inner, level + 1):
                                return True
                        finally:
                            os.close(inner)
                    else:
                        self._bytes += names.bytes_of(folder, name)
                if self._bytes > MAX_BYTES or self._count > MAX_FILES:
                    return True
        return False


def _opened(folder: int, name: int) -> int:
    """A folder in a folder, whatever mode it was given, with a mode in which it can be changed."""
    _checked(_LIBC.fchmodat(folder, name, 0o700, 0))
    return _checked(_LIBC.openat(folder, name, _OPEN_FOLDER))


def _number_call(name: str, *arguments: object) -> int:
    """A system call by its number: older C libraries have no function for it."""
    if _COLUMN is None:
        raise OSError(errno.ENOSYS, f"no number of the call {name} for {platform.machine()}")
    return _checked(_LIBC.syscall(ctypes.c_long(ALLOWED[name][_COLUMN]), *arguments))


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
