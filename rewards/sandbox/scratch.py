"""Scratch folders for the tiers without a file system of their own; those of dead owners are removed.

The owner holds a lock on its folder, which the kernel releases however the owner ends.  A process id in the name would
not do: in another container's namespace it belongs to another process or to none.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time

from rlvr_bench.rewards.sandbox import emptying

_PREFIX = "rlvr-scratch-"


class Scratch:
    """A folder, in memory where possible, removed by its owner or, if that was killed, when the next one is made."""

    def __init__(self) -> None:
        root = "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else tempfile.gettempdir()
        _remove_orphans(root)
        while True:
            self.path = tempfile.mkdtemp(prefix=_PREFIX, dir=root)
            lock = _locked(self.path)
            if lock is not None and os.path.isdir(self.path):
                break  # else another process took it for an orphan before it was locked
            if lock is not None:
                os.close(lock)
        self._lock: int | None = lock

    def remove(self) -> None:
        """Remove the folder.  Idempotent."""
        if self._lock is None:
            return
        remove_tree(self.path)
        os.close(self._lock)
        self._lock = None


def _locked(path: str) -> int | None:
    """A descriptor that holds the lock; None if another process holds it, or the folder cannot be opened."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_orphans(root: str) -> None:
    with os.scandir(root) as entries:
        found = [entry.path for entry in entries if entry.name.startswith(_PREFIX)]
    for path in found:
        # Only this user's: root could open those of all users.
        with contextlib.suppress(FileNotFoundError):
            if os.lstat(path).st_uid != os.geteuid():
                continue
            lock = _locked(path)
            if lock is not None:
                remove_tree(path)
                os.close(lock)


def remove_tree(path: str) -> None:
    """Remove a folder that a hostile child filled.

    Without `rm`, since the child may have taken all process ids, and never raising, since this cleans up after other
    failures: what cannot be removed is left to the next start.
    """
    for _ in range(100):
        with contextlib.suppress(OSError):
            emptying.empty(path)
            os.rmdir(path)
        if not os.path.exists(path):
            return
        time.sleep(0.01)  # a child whose worker was killed may still be writing
