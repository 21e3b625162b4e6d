"""Why Landlock is unavailable is said with the kernel's own error."""

from __future__ import annotations

import ctypes

import pytest

from rlvr_bench.rewards.sandbox import landlock


class Kernel:
    """A C library whose kernel offers this version of Landlock; -1 is none."""

    def __init__(self, version: int) -> None:
        self.version = version

    def syscall(self, *arguments: object) -> int:
        return self.version


def test_no_landlock_is_an_os_error() -> None:
    ctypes.set_errno(95)
    with pytest.raises(OSError, match="landlock_create_ruleset") as caught:
        landlock.abi(Kernel(-1))  # type: ignore[arg-type]
    assert caught.value.errno == 95


def test_the_first_version_cannot_move_files() -> None:
    with pytest.raises(OSError, match=r"landlock ABI 1: .*Linux 5\.19 can"):
        landlock.restrict(Kernel(1), [], [])  # type: ignore[arg-type]
