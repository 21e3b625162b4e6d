"""Every write that a run depends on: whole, synced, renamed.  A full disk is named and harms nothing written before.

All of them are here, so that a test can end the process before and after each one.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from rlvr_bench.harness.errors import UserError


class DiskError(UserError):
    """A file that could not be written; names it, why, and that what was there before is whole."""


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file: a reader sees the old one or the new one, never a part, also after a power cut.

    Raises:
        DiskError: it could not be written; an old file is as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        rename(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _named(path, error) from None


def append(path: Path, data: bytes) -> int:
    """Add a block at the end, in one call; returns the file's new length.

    Raises:
        DiskError: not all of it could be written; what was written of it is cut off again.
    """
    try:
        with path.open("ab", buffering=0) as file:
            before = file.seek(0, os.SEEK_END)
            try:
                written = _write(file, data)
                if written != len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                file.truncate(before)
                raise
            return before + len(data)
    except OSError as error:
        raise _named(path, error) from None


def cut(path: Path, length: int) -> None:
    """Leave the first `length` bytes of a file; one that does not exist has none."""
    if path.exists() and path.stat().st_size != length:
        with naming(path), path.open("r+b") as file:
            file.truncate(length)
            os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a power cut."""
    if not path.exists():
        return
    with naming(path):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno != errno.EINVAL:  # a file system that cannot sync a folder
                raise
        finally:
            os.close(handle)


def rename(old: Path, new: Path) -> None:
    """Give a file or folder its name at once, and keep that name through a power cut."""
    with naming(new):
        old.replace(new)
    sync(new.parent)


def new_folder(parent: Path, prefix: str) -> Path:
    """PARENT/PREFIX1, or the first number that is free."""
    number = 1
    with naming(parent):
        while (place := parent / f"{prefix}{number}").exists():
            number += 1
        place.mkdir()
    return place


def overwrite(path: Path, data: bytes) -> None:
    """Put other bytes in a file's place on the disk, where there is no room for a second file.

    For a last word of no more bytes than the file has; raises DiskError.
    """
    with naming(path), path.open("r+b") as file:
        file.write(data)
        file.truncate()
        os.fsync(file.fileno())


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Errors of the system inside become a DiskError about the path."""
    try:
        yield
    except OSError as error:
        raise _named(path, error) from None


def _write(file: FileIO, data: bytes) -> int:
    """Bytes that were taken; a full disk takes what fits."""
    return file.write(data)


def _named(path: Path, error: OSError) -> DiskError:
    remedy = {
        errno.ENOSPC: "free some space",
        errno.EDQUOT: "free some of your quota",
        errno.EROFS: "the file system is read-only: choose another folder",
        errno.EACCES: "you may not write there: choose another folder",
    }.get(error.errno or 0, "see to the disk")
    reason = error.strerror or str(error)
    return DiskError(f"{path}: {reason}; {remedy}, then go on with --resume (what was written before is whole)")
