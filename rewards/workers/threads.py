"""A cap on the threads of a job's process, which is counted from outside and killed.

Inside nothing caps them: RLIMIT_NPROC does nothing for root and counts all processes of any other user, and a bare
`clone` makes threads that share one stack, so that the limit on address space does not bind.  Without a cap, a job can
use up the process ids of the machine in a fraction of a second.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

MAX_THREADS = 128  # at the memory limit, about 60 of the usual stack size fit


class ThreadCap:
    """Looks at the processes below one: a worker's child has no other name that this process could know."""

    def __init__(self, root: int) -> None:
        self._root = root
        self.exceeded = False
        """A process has been killed for its number of threads."""

    def look(self) -> None:
        """Kill each process below the root that has too many threads."""
        for pid in descendants(self._root):
            if threads(pid) > MAX_THREADS:
                self.exceeded = _killed(pid) or self.exceeded


def descendants(root: int) -> Iterator[int]:
    """The processes below one, nearest first."""
    found = children(root)
    for pid in found:
        yield pid
        found += children(pid)


def children(pid: int) -> list[int]:
    """The processes that the main thread of a process has started; none if it is gone."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(number) for number in file.read().split()]
    except ProcessLookupError:
        return []
    except FileNotFoundError:
        return _found_by_parent(pid) if os.path.exists(f"/proc/{pid}") else []


def _found_by_parent(parent: int) -> list[int]:
    """The same for a kernel built without lists of children."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    after_name = file.read().rpartition(b")")[2].split()  # state, parent; a name may have blanks
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(after_name[1]) == parent:
                found.append(int(name))
    return found


def threads(pid: int) -> int:
    """How many threads a process has; 0 if it is gone."""
    try:
        return os.stat(f"/proc/{pid}/task").st_nlink - 2
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _killed(pid: int) -> bool:
    """Kill a process, unless its id belongs to another by now; whether it was killed."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if threads(pid) <= MAX_THREADS:
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True
