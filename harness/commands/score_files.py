"""The files of `rlvr-bench score`: plain or gzip rows come in; verdicts go to a file, a device or standard output."""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from rlvr_bench.harness.errors import UserError
from rlvr_bench.rewards.score_file import Line, Unreadable

MAX_ROW_BYTES = 16 << 20

_GZIP = b"\x1f\x8b"  # how such a file begins, and no JSON does


class ScoreError(UserError):
    """A file that cannot be read or written."""


def say(text: str) -> None:
    """A line on standard error, if that is open; `print` would take a closed one for standard output."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            print(text, file=sys.stderr, flush=True)


def hold_standard_descriptors() -> None:
    """Open those of 0, 1 and 2 that are closed: else the next file gets the number, and whoever writes to standard
    error writes into it.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


@contextmanager
def opened(source: Path) -> Iterator[BinaryIO]:
    """A file of rows, unpacked if it is gzip; `-` is standard input.

    Raises:
        ScoreError: it cannot be opened.
    """
    if str(source) == "-":
        if sys.stdin is None:
            raise ScoreError("standard input is closed; give a file of JSON lines")
        yield _unpacked(sys.stdin.buffer)
        return
    try:
        file = source.open("rb")
    except OSError as error:
        raise ScoreError(f"{source}: {error.strerror}; give a file of JSON lines, or - for standard input") from None
    with file:
        yield _unpacked(file)


def _unpacked(file: BinaryIO) -> BinaryIO:
    peek: Callable[[int], bytes] | None = getattr(file, "peek", None)
    begins_so = peek is not None and peek(len(_GZIP)).startswith(_GZIP)
    return gzip.open(file) if begins_so else file  # type: ignore[return-value]


def lines(file: BinaryIO, source: Path, advance: Callable[[int], None]) -> Iterator[Line]:
    """The lines of a file; what is longer than MAX_ROW_BYTES is not kept in memory, and is no row.

    Raises:
        ScoreError: the file cannot be read on.
    """
    try:
        while line := file.readline(MAX_ROW_BYTES + 1):
            advance(len(line))
            if len(line) <= MAX_ROW_BYTES or line.endswith(b"\n"):
                yield line
                continue
            while line and not line.endswith(b"\n"):
                line = file.readline(MAX_ROW_BYTES)
                advance(len(line))
            yield Unreadable(f"longer than {MAX_ROW_BYTES:,} bytes; shorten it")
    except (OSError, EOFError, zlib.error) as error:  # gzip raises the last two where a file was cut or changed
        reason = getattr(error, "strerror", None) or error
        raise ScoreError(f"{source}: cannot be read to its end ({reason}); check the file") from None


class Sink:
    """Where rows go.

    Args:
        name: in errors.
        remedy: what to do if it cannot be written to.
    """

    def __init__(self, name: str, file: TextIO, remedy: str = "choose another --out") -> None:
        self.name = name
        self.rows = 0
        """Rows written so far."""
        self._file = file
        self._remedy = remedy

    def write(self, row: str) -> None:
        """Write a row as a line.

        Raises:
            ScoreError: the disk is full, or the reader is gone.
        """
        self._try(lambda: self._file.write(row + "\n"))
        self.rows += 1

    def flush(self) -> None:
        """Write what is still held.  Raises ScoreError as `write` does."""
        self._try(self._file.flush)

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError as error:
            raise ScoreError(f"{self.name}: {error.strerror}; {self._remedy}") from None


def sink(out: Path | None) -> AbstractContextManager[Sink]:
    """Where rows go: standard output, or a file that appears whole at the end.

    Until then its rows are in `OUT.partial`.  A link is followed, and what is no regular file (a device, a FIFO) is
    written to as it is, never replaced.

    Raises:
        ScoreError: it cannot be opened, or another run is writing to it.
    """
    if out is None:
        return _standard_output()
    try:
        found = os.stat(out)
    except FileNotFoundError:
        return _whole(Path(os.path.realpath(out)))
    except OSError as error:
        raise ScoreError(f"{out}: {error.strerror}; choose another --out") from None
    if stat.S_ISDIR(found.st_mode):
        raise ScoreError(f"{out}: is a folder; give a file as --out")
    if not stat.S_ISREG(found.st_mode):
        return _straight(out)
    # /dev/stdout where the shell appends to a file: replacing that file would lose what is in it.
    return _standard_output() if os.path.samestat(found, os.fstat(1)) else _whole(Path(os.path.realpath(out)))


@contextmanager
def _standard_output() -> Iterator[Sink]:
    if sys.stdout is None:
        raise ScoreError("standard output is closed; give --out")
    sink = Sink("standard output", sys.stdout, "give --out")
    try:
        with _interruptible(sink):
            yield sink
    except ScoreError:
        # What could not be written is tried again, and fails again, when the interpreter ends.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


@contextmanager
def _straight(out: Path) -> Iterator[Sink]:
    try:
        file = open(out, "w", encoding="utf-8", buffering=1)  # noqa: SIM115
    except OSError as error:
        raise ScoreError(f"{out}: {error.strerror}; choose another --out") from None
    try:
        with _interruptible(sink := Sink(str(out), file)):
            yield sink
    finally:
        with contextlib.suppress(OSError):  # has been reported
            file.close()


@contextmanager
def _interruptible(sink: Sink) -> Iterator[None]:
    try:
        yield
        sink.flush()
    except KeyboardInterrupt:
        sink.flush()
        say(f"interrupted: {sink.rows} verdicts were written to {sink.name}")
        raise


@contextmanager
def _whole(out: Path) -> Iterator[Sink]:
    partial = Path(f"{out}.partial")
    with _held(partial) as descriptor:
        # A line at a time, so that what is done is in the file, even if this process is killed.
        file = open(descriptor, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
        try:
            sink = Sink(str(partial), file, "free some space, or choose another --out")
            yield sink
            sink.flush()
            partial.replace(out)
        except BaseException as error:
            with contextlib.suppress(OSError):
                file.close()
            kept = _whole_rows(descriptor)
            if isinstance(error, KeyboardInterrupt):
                say(f"interrupted: {kept} verdicts are in {partial}")
            elif kept:
                say(f"{kept} verdicts are in {partial}")
            if isinstance(error, OSError):  # it could not be renamed
                raise ScoreError(f"{out}: {error.strerror}; choose another --out") from None
            raise
        file.close()


@contextmanager
def _held(partial: Path) -> Iterator[int]:
    """The file, empty and locked.  A run that was killed leaves it unlocked, and the next one takes it over."""
    while True:
        try:
            descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise ScoreError(f"{partial}: {error.strerror}; choose another --out") from None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ScoreError(f"{partial}: is no regular file; remove it, or choose another --out")
            with contextlib.suppress(OSError):  # where a file system has no locks, go on without
                _lock(descriptor, partial)
            if _is_still(descriptor, partial):
                os.ftruncate(descriptor, 0)
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _lock(descriptor: int, partial: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ScoreError(
            f"{partial}: another run is writing to it; wait for its end, or choose another --out"
        ) from None


def _is_still(descriptor: int, path: Path) -> bool:
    """Whether a path still leads to the file that was opened there: the run that held it may have renamed it."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _whole_rows(descriptor: int) -> int:
    """Cut off a row of which only a part was written, and count the others."""
    rows = end = position = 0
    while block := os.pread(descriptor, 1 << 20, position):
        rows += block.count(b"\n")
        end = position + block.rfind(b"\n") + 1 if b"\n" in block else end
        position += len(block)
    os.ftruncate(descriptor, end)
    return rows
