"""Why Landlock is unavailable is said with the kernel's own error."""

from __future__ import annotations

import contextlib
import ctypes
from pathlib import Path

import pytest

from rlvr_bench.rewards.sandbox import landlock
from rlvr_bench.rewards.sandbox.errors import SandboxUnavailable
from rlvr_bench.rewards.sandbox.sandbox import open_sandbox
from tests.rewards.sandboxes import open_tested, pin, reported

SECOND_ABI = ("version = abi(libc)", "version = 2")  # Linux 5.19 to 6.1: truncation is not controlled


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


@pytest.mark.parametrize("flags", ["os.O_RDONLY | os.O_TRUNC", "os.O_ACCMODE | os.O_TRUNC", "os.O_WRONLY | os.O_TRUNC"])
@pytest.mark.parametrize("pinned", [(), (SECOND_ABI,)], ids=["this kernel", "second ABI"])
def test_a_file_outside_cannot_be_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pinned: tuple[tuple[str, str], ...], flags: str
) -> None:
    open_tested("landlock", workers=1).close()
    pin(monkeypatch, *pinned)
    victim = tmp_path / "victim"
    victim.write_text("kept")
    body = f"try:\n    os.open(args[0], {flags})\nexcept OSError:\n    return 'refused'\nreturn 'done'"
    with contextlib.closing(open_sandbox(("landlock",), workers=1)) as sandbox:
        assert reported(sandbox, body, str(victim)) == '{"values": ["refused"]}'
    assert victim.read_text() == "kept"


def test_the_self_test_finds_a_kernel_and_a_filter_that_let_files_be_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    open_tested("landlock", workers=1).close()
    pin(monkeypatch, SECOND_ABI, ('"openat": _opening(2)', '"openat": [_return(_ALLOW)]'))
    with pytest.raises(SandboxUnavailable, match=r"code inside could .*empty a file outside its folder"):
        open_sandbox(("landlock",), workers=1)
    monkeypatch.undo()
    pin(monkeypatch, ('"openat": _opening(2)', '"openat": [_return(_ALLOW)]'))
    with pytest.raises(
        SandboxUnavailable, match=r"empty a file that it may only read; open a device with access mode 3\n"
    ):
        open_sandbox(("landlock",), workers=1)
