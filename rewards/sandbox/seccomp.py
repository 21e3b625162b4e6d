"""The seccomp filter of a solution, written by hand as classic BPF and installed through ctypes.

An allowlist with conditions on arguments.  A refused call fails with EACCES, so the solution gets an OSError (EPERM
would do too, but `resource.setrlimit` turns it into a ValueError); a foreign architecture or the x32 numbering kills.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Sequence

from rlvr_bench.rewards.sandbox.syscalls import ALLOWED, CONDITIONAL

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand

_LOAD, _EQUAL, _GREATER_EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_ANNOUNCE = 0x7FC00000
_DENY = _ERRNO | errno.EACCES
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column, AUDIT_ARCH_*
_X32_BIT = 0x40000000

_CLONE_THREAD = 0x00010000
_PRCTL_NAMES = (15, 16)  # PR_SET_NAME, PR_GET_NAME
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIO(N)CLEX
# F_DUPFD, GETFD, SETFD, GETFL, SETFL, locks, F_DUPFD_CLOEXEC, pipe sizes.  Not F_SETOWN or F_SETSIG: with those a
# process signals others.
_FCNTLS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1031, 1032)
_AF_UNIX, _SOCK_STREAM, _SOCK_FLAGS = 1, 1, 0o2004000  # SOCK_CLOEXEC | SOCK_NONBLOCK


def _return(value: int) -> Instruction:
    return (_RETURN, 0, 0, value)


def _argument(index: int, high: bool = False) -> Instruction:
    return (_LOAD, 0, 0, 16 + 8 * index + (4 if high else 0))  # both architectures are little-endian


def _one_of(index: int, values: Sequence[int]) -> list[Instruction]:
    """Allow when the low word of an argument is one of the values."""
    tests: list[Instruction] = [(_EQUAL, len(values) - i - 1, 0, value) for i, value in enumerate(values[:-1])]
    return [_argument(index), *tests, (_EQUAL, 0, 1, values[-1]), _return(_ALLOW), _return(_DENY)]


def _opening(index: int) -> list[Instruction]:
    """Allow opening a file to read, to write, or both, and emptying it only with writing.

    Landlock does not look at truncation before ABI 3 (Linux 6.2), and never at the access mode 3, which asks for
    neither reading nor writing: with that alone, any file that the user may write to could be emptied there.
    """
    return [
        _argument(index),
        (_ANY_BIT, 2, 0, os.O_WRONLY),
        (_ANY_BIT, 2, 0, os.O_RDWR),
        (_ANY_BIT, 2, 1, os.O_TRUNC),
        (_ANY_BIT, 1, 0, os.O_RDWR),  # with the bit of writing this is mode 3
        _return(_ALLOW),
        _return(_DENY),
    ]


def _conditions(pid: int) -> dict[str, list[Instruction]]:
    flags = (0, 0o4000, 0o2000000, _SOCK_FLAGS)
    return {
        "open": _opening(1),
        "openat": _opening(2),
        "clone": [_argument(0), (_ANY_BIT, 0, 1, _CLONE_THREAD), _return(_ALLOW), _return(_DENY)],
        # Its flags are in memory, where a filter cannot read them; libc then falls back to clone.
        "clone3": [_return(_ERRNO | errno.ENOSYS)],
        "kill": _one_of(0, [pid]),
        "tgkill": _one_of(0, [pid]),
        "prctl": _one_of(0, _PRCTL_NAMES),
        "prlimit64": _one_of(0, [0, pid]),
        "fcntl": _one_of(1, _FCNTLS),
        "ioctl": _one_of(1, _IOCTLS),
        "socketpair": [
            _argument(0),
            (_EQUAL, 1, 0, _AF_UNIX),
            _return(_DENY),
            *_one_of(1, [_SOCK_STREAM | flag for flag in flags]),
        ],
        # send() is sendto() without an address; with one it could reach a socket of another process
        "sendto": [
            _argument(4),
            (_EQUAL, 1, 0, 0),
            _return(_DENY),
            _argument(4, high=True),
            (_EQUAL, 0, 1, 0),
            _return(_ALLOW),
            _return(_DENY),
        ],
    }


def build_filter(pid: int, machine: str | None = None) -> list[Instruction]:
    """The program for one process.

    Args:
        pid: the process's own id in its namespace; it may signal no other process.
        machine: `x86_64` or `aarch64`; this machine's if None.
    Raises:
        OSError: an architecture for which no filter has been written.
    """
    column, audit = _architecture(machine)
    blocks = {numbers[column]: [_return(_ALLOW)] for numbers in ALLOWED.values() if numbers[column] >= 0}
    conditional = {CONDITIONAL[name][column]: block for name, block in _conditions(pid).items()}
    blocks |= {number: block for number, block in conditional.items() if number >= 0}
    ranges: list[tuple[int, list[Instruction]]] = []
    for number in range(max(blocks) + 2):
        block = blocks.get(number, [_return(_DENY)])
        if not ranges or ranges[-1][1] != block:
            ranges.append((number, block))
    if audit == _ARCHITECTURES["x86_64"][1]:
        ranges.append((_X32_BIT, [_return(_KILL)]))
    return [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, audit), _return(_KILL), (_LOAD, 0, 0, 0), *_search(ranges)]


def _architecture(machine: str | None) -> tuple[int, int]:
    """Column of the tables and number of an architecture, this machine's if None."""
    machine = machine or platform.machine()
    if machine not in _ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"no seccomp filter for {machine}")
    return _ARCHITECTURES[machine]


def _search(ranges: Sequence[tuple[int, list[Instruction]]]) -> list[Instruction]:
    """A binary search for the range, given by its first number, that contains the call.

    The kernel runs a new filter on every call number, in every child: with a linear list of comparisons that took
    most of the installation time.
    """
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    lower, upper = _search(ranges[:middle]), _search(ranges[middle:])
    return [(_GREATER_EQUAL, len(lower), 0, ranges[middle][0]), *lower, *upper]


def announcing_threads(machine: str | None = None) -> list[Instruction]:
    """A program that refuses nothing and announces each new thread to who holds its listener.

    Raises:
        OSError: an architecture for which no filter has been written.
    """
    column, audit = _architecture(machine)
    return [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 0, 4, audit),
        (_LOAD, 0, 0, 0),
        (_EQUAL, 0, 2, CONDITIONAL["clone"][column]),
        _argument(0),
        (_ANY_BIT, 1, 0, _CLONE_THREAD),
        _return(_ALLOW),
        _return(_ANNOUNCE),
    ]


class Program(ctypes.Structure):
    """A filter as the kernel takes it."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


class Filter:
    """A filter built once, before the fork, that each child completes with its own process id and installs."""

    _ANY_PID = 0x7FFFFFFE  # no process has it: the kernel's limit is 4 million

    def __init__(self) -> None:
        program = build_filter(self._ANY_PID)
        self._places = [8 * i + 4 for i, instruction in enumerate(program) if instruction[3] == self._ANY_PID]
        packed = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
        self._buffer = ctypes.create_string_buffer(packed, len(packed))
        self._descriptor = Program(len(program), ctypes.cast(self._buffer, ctypes.c_void_p).value)

    def install(self, libc: ctypes.CDLL) -> None:
        """Install it on the calling thread and its descendants; `no_new_privs` must be set.  Irrevocable."""
        for place in self._places:
            struct.pack_into("I", self._buffer, place, os.getpid())
        set_seccomp, mode_filter = 22, 2
        if libc.prctl(set_seccomp, mode_filter, ctypes.byref(self._descriptor), 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_SECCOMP)")
