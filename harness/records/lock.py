"""One writer for a folder, through a lock that ends with its process, however that ends."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from rlvr_bench.harness.errors import UserError

LOCK = ".lock"
PATIENCE_SECONDS = 0.5
"""Whoever asks whether a folder is live holds its lock for a moment."""


class Locked(UserError):
    """Another process writes to the folder; says which."""


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; the system frees it when the process is gone.

    Raises:
        Locked: another process holds it.
    """
    with (folder / LOCK).open("a+", encoding="utf-8") as file:
        _take(file, folder)
        file.seek(0)
        file.truncate()
        since = datetime.now(UTC).isoformat(timespec="seconds")
        json.dump({"pid": os.getpid(), "host": socket.gethostname(), "command": sys.argv, "since": since}, file)
        file.flush()
        yield
        file.seek(0)
        file.truncate()


def _take(file: IO[str], folder: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise Locked(f"{folder}: {_holder(folder)} writes to it; wait for it to end, or end it") from None
            time.sleep(0.02)
        except OSError as error:
            raise Locked(f"{folder}: cannot be locked ({error.strerror}); use a folder on a local disk") from None


def is_live(folder: Path) -> bool:
    """Whether a process writes to the folder now."""
    try:
        with (folder / LOCK).open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _holder(folder: Path) -> str:
    try:
        who = json.loads((folder / LOCK).read_text(encoding="utf-8"))
        return f"process {who['pid']} on {who['host']} ({' '.join(who['command'])}, since {who['since']})"
    except (OSError, ValueError, KeyError):
        return "another process"
