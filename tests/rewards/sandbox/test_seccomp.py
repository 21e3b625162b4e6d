"""The system-call filter, executed by an interpreter of our own for both architectures."""

from __future__ import annotations

import errno
import os

import pytest

from rlvr_bench.rewards.sandbox.seccomp import build_filter
from rlvr_bench.rewards.sandbox.syscalls import ALLOWED, CONDITIONAL

ALLOW, KILL, DENIED, ABSENT = 0x7FFF0000, 0x80000000, 0x50000 | errno.EACCES, 0x50000 | errno.ENOSYS
ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
COLUMN = {"x86_64": 0, "aarch64": 1}
PID = 4242
# From the kernel's tables: x86-64, aarch64; -1 where there is none.
FORBIDDEN = {
    "fork": (57, -1), "vfork": (58, -1), "execve": (59, 221), "execveat": (322, 281), "socket": (41, 198),
    "connect": (42, 203), "bind": (49, 200), "sendmsg": (46, 211), "ptrace": (101, 117), "io_uring_setup": (425, 425),
    "process_vm_readv": (310, 270), "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138), "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "chmod": (90, -1),
    "fchmodat": (268, 53), "chown": (92, -1), "fchownat": (260, 54), "utimensat": (280, 88), "truncate": (76, 45),
    "setxattr": (188, 5), "memfd_create": (319, 279), "shmget": (29, 194), "bpf": (321, 280), "keyctl": (250, 219),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "setuid": (105, 146), "chroot": (161, 51),
    "landlock_create_ruleset": (444, 444), "seccomp": (317, 277), "link": (86, -1), "symlinkat": (266, 36),
    "mknodat": (259, 33), "open_by_handle_at": (304, 265), "personality": (135, 92), "inotify_add_watch": (254, 27),
}  # fmt: skip


def decide(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """What the filter returns: a classic-BPF machine in a few lines."""
    words = {0: number, 4: ARCH[machine] if arch is None else arch}
    for i in range(6):
        value = arguments[i] if i < len(arguments) else 0
        words[16 + 8 * i], words[20 + 8 * i] = value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF
    program, position, accumulator = build_filter(PID, machine), 0, 0
    while True:
        code, if_true, if_false, operand = program[position]
        position += 1
        if code == 0x20:
            accumulator = words[operand]
        elif code == 0x06:
            return operand
        else:
            holds = {0x15: accumulator == operand, 0x35: accumulator >= operand, 0x45: bool(accumulator & operand)}[
                code
            ]
            position += if_true if holds else if_false


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request: pytest.FixtureRequest) -> str:
    return request.param


def test_the_allowed_calls_are_allowed(machine: str) -> None:
    numbers = [row[COLUMN[machine]] for row in ALLOWED.values() if row[COLUMN[machine]] >= 0]
    assert {decide(machine, number) for number in numbers} == {ALLOW}
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("name", FORBIDDEN)
def test_forbidden_calls_are_refused(machine: str, name: str) -> None:
    number = FORBIDDEN[name][COLUMN[machine]]
    if number >= 0:
        assert decide(machine, number) == DENIED


def test_every_other_number_is_refused(machine: str) -> None:
    known = {row[COLUMN[machine]] for row in (ALLOWED | CONDITIONAL).values()}
    assert {decide(machine, number) for number in range(600) if number not in known} == {DENIED}


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("clone", (0x3D0F00,), ALLOW),  # pthread_create
        ("clone", (17,), DENIED),  # fork: only SIGCHLD
        ("clone", (0x4111,), DENIED),  # vfork
        ("clone", (0x10000000,), DENIED),  # a user name space
        ("clone3", (), ABSENT),
        ("kill", (PID, 9), ALLOW),
        ("kill", (PID + 1, 9), DENIED),
        ("kill", (0, 9), DENIED),
        ("kill", (0xFFFFFFFF, 9), DENIED),
        ("tgkill", (PID, PID, 6), ALLOW),
        ("tgkill", (1, 1, 9), DENIED),
        ("prctl", (15,), ALLOW),
        ("prctl", (4, 1), DENIED),  # PR_SET_DUMPABLE
        ("prlimit64", (0, 3), ALLOW),
        ("prlimit64", (1, 3), DENIED),
        ("fcntl", (3, 4, 2048), ALLOW),  # F_SETFL
        ("fcntl", (3, 8, 1), DENIED),  # F_SETOWN
        ("fcntl", (3, 10, 9), DENIED),  # F_SETSIG
        ("fcntl", (3, 1032), ALLOW),
        ("ioctl", (0, 0x5413), ALLOW),
        ("ioctl", (0, 0x5412), DENIED),  # TIOCSTI
        ("socketpair", (1, 1 | 0o2000000), ALLOW),
        ("socketpair", (1, 2), DENIED),  # datagrams can be sent elsewhere
        ("socketpair", (2, 1), DENIED),
        ("sendto", (3, 0x7000_0000_0000, 1, 0, 0), ALLOW),
        ("sendto", (3, 0x7000_0000_0000, 1, 0, 0x7000_0000_0000), DENIED),
        ("sendto", (3, 0x7000_0000_0000, 1, 0, 0x5000), DENIED),
    ],
)
def test_conditions_on_arguments(machine: str, name: str, arguments: tuple[int, ...], expected: int) -> None:
    assert expected == decide(machine, CONDITIONAL[name][COLUMN[machine]], *arguments)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (os.O_RDONLY, ALLOW),
        (os.O_WRONLY | os.O_CREAT | os.O_TRUNC, ALLOW),  # open(path, "w")
        (os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, ALLOW),  # open(path, "w+b")
        (os.O_RDWR | os.O_APPEND, ALLOW),
        (os.O_RDONLY | os.O_TRUNC, DENIED),
        (os.O_RDONLY | os.O_TRUNC | os.O_CREAT, DENIED),
        (3, DENIED),  # O_WRONLY | O_RDWR: neither reading nor writing
        (3 | os.O_TRUNC, DENIED),
        (3 | os.O_CLOEXEC | os.O_NONBLOCK, DENIED),
    ],
)
def test_a_file_is_opened_to_read_or_write_and_emptied_only_to_write(machine: str, flags: int, expected: int) -> None:
    assert expected == decide(machine, CONDITIONAL["openat"][COLUMN[machine]], 0xFFFFFF9C, 0x7000, flags)
    if machine == "x86_64":
        assert expected == decide(machine, CONDITIONAL["open"][0], 0x7000, flags)


def test_foreign_numbering_kills(machine: str) -> None:
    assert decide(machine, 0, arch=0x40000003) == KILL  # 32-bit x86
    if machine == "x86_64":
        assert decide(machine, 0x40000000 | 59) == KILL  # execve by its x32 number


def test_an_architecture_without_a_filter_is_an_error() -> None:
    with pytest.raises(OSError, match="riscv64"):
        build_filter(PID, "riscv64")
